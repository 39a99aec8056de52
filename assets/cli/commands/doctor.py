"""`rlsd doctor`."""

import click


@click.command()
@click.argument("experiment", required=False)
@click.option("--mend", is_flag=True, help="Mend what can be found again or computed anew.")
@click.option("--quick", is_flag=True, help="Go by names and sizes; read no large file.")
@click.option(
    "--rebuild-history",
    is_flag=True,
    help="Set Dagster's history aside and write a new one from the store.",
)
def doctor(experiment: str | None, mend: bool, quick: bool, rebuild_history: bool) -> None:
    """Check the store and Dagster's history: say what is damaged, why, and what mends it.

    Of EXPERIMENT, or of all. --mend finds lost references again where something else names their
    artifact, and sets damaged artifacts aside, so that the next training computes them anew. Ends
    with 1 where damage is left.

    --rebuild-history is of the whole home; an EXPERIMENT outside the checkout is named so that its
    checks are done as well. End `rlsd ui` and every training of the home before it.
    """
    from assets.cli.doctor import doctor as run

    run(experiment, mend=mend, quick=quick, rebuild_history=rebuild_history)
