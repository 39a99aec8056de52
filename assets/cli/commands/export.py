"""`rlsd export`."""

from pathlib import Path
from typing import Any

import click

from assets.cli.parameters import EXPERIMENT


@click.command()
@EXPERIMENT
@click.argument("what")
@click.option("--arm", help="Arm, for example rlsd-s0; by default the first one.")
@click.option("--iteration", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--table", "record", help="Table of the stage, such as ImportedRollout.")
@click.option("--method", default="rlsd", show_default=True, help="Method of `advantages`.")
@click.option(
    "--for",
    "form",
    type=click.Choice(["plain", "trl", "verl", "prime_rl"]),
    default="plain",
    show_default=True,
    help="Trainer whose names the columns of `advantages` have.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file or folder.")
def export(
    experiment: str,
    what: str,
    arm: str | None,
    iteration: int,
    record: str | None,
    method: str,
    form: Any,
    out: Path,
) -> None:
    """Write a table of EXPERIMENT for other tools.

    WHAT is a stage, such as rollouts, rewards, logprobs or token_weights; or `advantages`: the
    per-token advantages of a method beside token ids. --out ends in .parquet or .jsonl, or is a
    folder that `datasets.load_from_disk` reads.
    """
    from assets.cli.progress import say
    from assets.cli.train import open_loop
    from rlsd_pipeline.exports.written import write_table
    from rlsd_pipeline.opened import OpenExperiment

    with open_loop(experiment) as (loop, _):
        opened = OpenExperiment(loop.workspace, loop.file)
        if what == "advantages":
            run = opened.at(arm, iteration)
            loop.compare(run.arm.name, iteration)
            table = opened.advantages(method, arm, iteration, form)
        else:
            table = opened.table(what, arm, iteration, record)
        write_table(table.arrow, out)
    say(f"{out}: {len(table):,} rows")
