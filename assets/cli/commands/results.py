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
    help="All but `table` for a document, beside what the paper reports.",
)
def results(experiment: str, form: str) -> None:
    """Print the scores of all methods of EXPERIMENT, with intervals and paired tests."""
    from assets.cli.results import print_results

    print_results(experiment, form)
