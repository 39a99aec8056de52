"""The results on the command line, and where to look further."""

import shlex
from collections.abc import Iterator, Sequence

from assets.cli.fitted import show
from assets.cli.loop import Loop
from assets.cli.progress import say
from assets.home import EXPERIMENTS
from assets.naming import is_declared
from rlsd_pipeline.home import home, store_url
from rlsd_pipeline.stages.evaluation.headroom import read_headroom
from rlsd_pipeline.stages.evaluation.results import read_results, tests_of_results
from rlsd_pipeline.stages.evaluation.undecided import undecided_notes
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.intervals import SEEDS_REASON
from rlsd_pipeline.tables.headroom import headroom_table
from rlsd_pipeline.tables.results import by_name, over_seeds, short_table
from rlsd_pipeline.tables.table import Table
from schemas import MethodResult


def print_table(workspace: Workspace, notes: Sequence[str]) -> None:
    """Print the results and the headroom, then the results of earlier declarations."""
    headroom = headroom_table(read_headroom(workspace), workspace.experiment)
    show(results_table(workspace), *([headroom] if headroom.rows else headroom.notes))
    say(*notes)


def results_table(workspace: Workspace) -> Table:
    """Base and methods, each with its interval, beside the blind baseline and step by step."""
    results, experiment = read_results(workspace), workspace.experiment
    compared, confidence = experiment.compared_with, experiment.evaluation.confidence
    unit = "over seeds" if over_seeds(results) else "over questions"
    title = f"{workspace.name}: accuracy on held-out questions ({confidence:.0%} intervals {unit})"
    undecided = undecided_notes(results, compared, confidence)
    return short_table(title, results, compared, [_caption(results, compared), *undecided])


def _caption(results: Sequence[MethodResult], compared_with: str) -> str:
    several = over_seeds(results)
    pairs = "the same seeds" if several else "the same questions"
    other = f"- {compared_with}: to {compared_with}, p corrected for the number of methods; "
    if not any(line.difference for line in results):
        other = ""
    text = (
        "detectable: smallest true difference that two policies' answers to these questions would "
        "show with probability 0.8;\n"
        f"gain: paired difference to the base on {pairs}, p corrected for the number of "
        f"benchmarks; {other}intervals are not corrected;\n"
        f"{''.join(_tests(results, compared_with))}"
        "mentions: responses that mention a reference nobody showed them"
    )
    if several:
        return f"{text};\n{SEEDS_REASON}"
    return text + "\none seed: all of this is about these trainings, and nothing about the methods"


def _tests(results: Sequence[MethodResult], compared_with: str) -> Iterator[str]:
    names = {"gain": "the gain", "difference": f"- {compared_with}"}
    by_benchmark = by_name(results)
    found: dict[str, list[str]] = {}
    for benchmark, lines in by_benchmark.items():
        for what, tests in tests_of_results(lines).items():
            found.setdefault(f"p of {names[what]}: {tests}", []).append(benchmark)
    for said, on in found.items():
        yield f"{said};\n" if len(on) == len(by_benchmark) else f"{said} on {', '.join(on)};\n"


def where_to_look(loop: Loop) -> str:
    """The next commands to try, valid in any folder."""
    shown = is_declared(loop.file)
    name = loop.declared.name if shown else shlex.quote(str(loop.file))
    page = "http://127.0.0.1:3000"
    graph = f"rlsd ui, then {page}"
    if not shown:
        graph = f"rlsd ui, then {page}/runs; as an asset graph once it lies in {EXPERIMENTS}"
    return (
        f"artifacts  {store_url()}\n"
        f"history    {home() / 'dagster'}\n"
        f"report     rlsd report {name}\n"
        f"graph      {graph}"
    )
