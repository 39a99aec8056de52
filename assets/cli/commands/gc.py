"""`rlsd gc`."""

import click


@click.command()
@click.argument("experiment", required=False)
@click.option("--older-than", default="1d", show_default=True, help="Spare what is younger.")
@click.option("--logs-older-than", default="30d", show_default=True, help="Spare younger logs.")
@click.option("--optimizer", type=click.Choice(["newest", "all"]), help="Instead of the declared.")
@click.option(
    "--checkpoints-every",
    type=click.IntRange(min=1),
    help="Keep the weights after a multiple of so many updates, instead of the declared.",
)
@click.option("--dry-run", is_flag=True, help="Only print, even with --yes.")
@click.option("--yes", is_flag=True, help="Delete what is printed.")
def gc(
    experiment: str | None,
    older_than: str,
    logs_older_than: str,
    optimizer: str | None,
    checkpoints_every: int | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Delete what the store need not keep: nothing without --yes.

    That is what no reference reaches, what killed processes left, and what `retention` of
    EXPERIMENT (of every experiment here, without one) does not keep, and the logs of runs that
    ended long ago; what they materialized stays in Dagster's history. A deleted checkpoint file can
    be computed again by `rlsd restore`.
    """
    from assets.cli.gc import gc as run

    run(
        experiment,
        older_than=older_than,
        logs_older_than=logs_older_than,
        optimizer=optimizer,
        checkpoints_every=checkpoints_every,
        delete=yes and not dry_run,
    )
