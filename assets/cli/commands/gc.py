"""`rlsd gc`."""

from typing import Any

import click


@click.command()
@click.argument("experiment", required=False)
@click.option("--older-than", default="1d", show_default=True, help="Keep younger artifacts.")
@click.option("--logs-older-than", default="30d", show_default=True, help="Keep younger logs.")
@click.option("--optimizer", type=click.Choice(["newest", "all"]), help="Overrides the YAML.")
@click.option(
    "--checkpoints-every",
    type=click.IntRange(min=1),
    help="Keep the weights after every this many updates; overrides the YAML.",
)
@click.option("--dry-run", is_flag=True, help="Only print, even with --yes.")
@click.option("--yes", is_flag=True, help="Delete what is printed.")
def gc(dry_run: bool, yes: bool, **given: Any) -> None:
    """Delete what the store need not keep; without --yes only list it.

    It deletes artifacts that no reference reaches, remains of killed processes, and files that the
    `retention` of EXPERIMENT (by default of every experiment) does not keep. It also deletes the
    logs of runs that ended long ago; their materializations stay in Dagster's history.
    `rlsd restore` computes a deleted checkpoint file again.
    """
    from assets.cli.gc import gc as run

    run(**given, delete=yes and not dry_run)
