"""`rlsd results`."""

import click

from assets.cli.parameters import EXPERIMENT


@click.command()
@EXPERIMENT
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "latex", "csv"]),
    default="table",
    show_default=True,
    help="`table` is for the terminal; the others add the paper's results.",
)
def results(experiment: str, form: str) -> None:
    """Print the scores of all methods, with intervals and paired tests."""
    from assets.cli.results import print_results

    print_results(experiment, form)
