"""`rlsd results`: the table of methods, on the terminal, as Markdown, as LaTeX or as CSV."""

from assets.cli.progress import console
from assets.cli.tables import results_table
from assets.cli.train import open_loop
from assets.results.document import records, sections
from assets.results.formats import csv_text, latex, markdown
from rlsd_pipeline.stages.results import read_results


def print_results(experiment: str, form: str) -> None:
    """Print the results as `table`, `markdown`, `latex` or `csv`."""
    with open_loop(experiment) as (loop, _):
        if form == "table":
            console().print(results_table(loop.workspace))
            return
        declared = loop.workspace.experiment
        results = read_results(loop.workspace)
    benchmarks = declared.evaluation.benchmarks
    if form == "csv":
        print(csv_text(records(results, declared.compared_with, benchmarks)))
        return
    document = sections(results, declared.compared_with, benchmarks)
    print(latex(document) if form == "latex" else markdown(document))
