"""`rlsd results`: the table of methods, on the terminal, as Markdown, as LaTeX or as CSV."""

import click

from assets.cli.tables import print_table
from assets.cli.train import open_loop
from rlsd_pipeline.stages.evaluation.headroom import how_to_know, read_headroom
from rlsd_pipeline.stages.evaluation.results import read_results
from rlsd_pipeline.stages.evaluation.undecided import undecided_notes
from rlsd_pipeline.stages.upkeep.former_policies import outdated_notes
from rlsd_pipeline.tables.documents import csv_text, latex, markdown
from rlsd_pipeline.tables.headroom import headroom_table
from rlsd_pipeline.tables.results import documents, records


def print_results(experiment: str, form: str) -> None:
    """Print the results as `table`, `markdown`, `latex` or `csv`."""
    with open_loop(experiment) as (loop, _):
        notes = outdated_notes(loop.workspace)
        if form == "table":
            print_table(loop.workspace, notes)
            return
        declared = loop.workspace.experiment
        results = read_results(loop.workspace)
        headroom = headroom_table(read_headroom(loop.workspace), how_to_know(declared))
    benchmarks = declared.evaluation.benchmarks
    for note in notes:
        # Beside the document, which stays what a program reads.
        click.echo(note, err=True)
    if form == "csv":
        print(csv_text(records(results, declared.compared_with, benchmarks)))
        return
    document = documents(results, declared.compared_with, benchmarks)
    if document:
        undecided = undecided_notes(results, declared.compared_with, declared.evaluation.confidence)
        document[0] = document[0]._replace(notes=[*notes, *document[0].notes, *undecided])
        document.append(headroom)
    print(latex(document) if form == "latex" else markdown(document))
