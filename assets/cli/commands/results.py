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
    from assets.cli.tables import print_table
    from assets.cli.train import open_loop
    from rlsd_pipeline.stages.evaluation.headroom import read_headroom
    from rlsd_pipeline.stages.evaluation.results import read_results
    from rlsd_pipeline.stages.evaluation.undecided import undecided_notes
    from rlsd_pipeline.stages.upkeep.former_policies import outdated_notes
    from rlsd_pipeline.tables.documents import csv_text, latex, markdown
    from rlsd_pipeline.tables.headroom import headroom_table
    from rlsd_pipeline.tables.results import documents, records

    with open_loop(experiment) as (loop, _):
        notes = outdated_notes(loop.workspace)
        if form == "table":
            print_table(loop.workspace, notes)
            return
        declared = loop.workspace.experiment
        lines = read_results(loop.workspace)
        headroom = headroom_table(read_headroom(loop.workspace), declared)
    compared, benchmarks = declared.compared_with, declared.evaluation.benchmarks
    for note in notes:
        # Beside the document, which stays what a program reads.
        click.echo(note, err=True)
    if form == "csv":
        print(csv_text(records(lines, compared, benchmarks)))
        return
    document = documents(lines, compared, benchmarks)
    if document:
        undecided = undecided_notes(lines, compared, declared.evaluation.confidence)
        document[0] = document[0]._replace(notes=[*notes, *document[0].notes, *undecided])
        document.append(headroom)
    print(latex(document) if form == "latex" else markdown(document))
