"""The command `rlsd`: the loop of the asset graph from the command line, in one process.

`commands` has one file for each command. Commands import what they need when they run, so that
`--help` answers at once.
"""

from importlib import import_module
from pkgutil import iter_modules

import click

from assets.cli import commands
from assets.cli.faults import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rlsd-pipeline")
def main() -> None:
    """Reinforcement learning with verifiable rewards and self-distillation, stage by stage.

    EXPERIMENT is a folder of assets/experiments (such as easy_vqa) or the path of a YAML file. Its
    name is that of its folder, or of its file if that is not defs.yaml.
    """


for _file in iter_modules(commands.__path__):
    main.add_command(getattr(import_module(f"{commands.__name__}.{_file.name}"), _file.name))
