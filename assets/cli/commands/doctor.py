"""`rlsd doctor`."""

from typing import Any

import click


@click.command()
@click.argument("experiment", required=False)
@click.option("--mend", is_flag=True, help="Repair what can be found or computed again.")
@click.option("--quick", is_flag=True, help="Check names and sizes; read no large file.")
@click.option(
    "--rebuild-history",
    is_flag=True,
    help="Set Dagster's history aside and write a new one from the store.",
)
def doctor(**given: Any) -> None:
    """Check the store and Dagster's history for damage.

    The answer says what is damaged, why, and what repairs it. The check is of EXPERIMENT, or of all
    experiments. --mend finds lost references again if another record names their artifact, and sets
    damaged artifacts aside, so that the next training computes them again. The exit status is 1 if
    damage is left.

    --rebuild-history applies to the whole home. Name an EXPERIMENT outside the checkout to include
    its checks. End `rlsd ui` and every training of the home before you run it.
    """
    from assets.cli.doctor import doctor as run

    run(**given)
