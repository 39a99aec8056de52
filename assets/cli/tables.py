"""The tables of the command line."""

import shlex
from collections.abc import Sequence

from rich.markup import escape

from assets.cli.fitted import FittedTable
from assets.cli.loop import Loop
from assets.cli.progress import console
from assets.home import EXPERIMENTS
from assets.naming import is_declared
from assets.results.formats import Section
from assets.results.headroom import headroom_section
from rlsd_pipeline.home import home, store_url
from rlsd_pipeline.stages.evaluation.headroom import how_to_know, read_headroom
from rlsd_pipeline.stages.evaluation.results import Result, read_results, tests_of_results
from rlsd_pipeline.stages.evaluation.undecided import undecided_notes
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.intervals import (
    SEEDS_REASON,
    UNBOUNDED_MARK,
    Estimate,
    PairedDifference,
)

_STEPS = ("perceive", "compare", "negate")


def print_table(workspace: Workspace, notes: Sequence[str]) -> None:
    """Print the results and the headroom, then the results of earlier declarations."""
    output = console()
    output.print(results_table(workspace))
    headroom = headroom_section(read_headroom(workspace), how_to_know(workspace.experiment))
    if headroom.rows:
        output.print(_section_table(headroom))
    else:
        output.print(*headroom.notes, highlight=False, markup=False)
    for note in notes:
        output.print(note, highlight=False, markup=False, soft_wrap=True)


def _section_table(section: Section) -> FittedTable:
    """A table of a document on the terminal."""
    note = "\n".join(map(escape, section.notes))
    table = FittedTable(section.title, *section.columns, keys=section.keys, note=note)
    for row in section.rows:
        table.add_row(*map(escape, row))
    return table


def results_table(workspace: Workspace) -> FittedTable:
    """Base and methods, each with its interval, beside the blind baseline and step by step."""
    results = read_results(workspace)
    experiment = workspace.experiment
    several = any(len(line.seeds) > 1 for line in results)
    unit = "over seeds" if several else "over questions"
    compared = any(line.difference for line in results)
    judged = any(line.judged is not None for line in results)
    steps = [step for step in _STEPS if any(step in line.steps for line in results)]
    columns = _columns(experiment.compared_with, several, compared, judged)
    undecided = undecided_notes(results, experiment.compared_with, experiment.evaluation.confidence)
    table = FittedTable(
        f"{workspace.name}: accuracy on held-out questions "
        f"({experiment.evaluation.confidence:.0%} intervals {unit})",
        *(name for name, wanted in columns if wanted),
        *steps,
        keys=2,
        note="\n".join([_caption(results, experiment.compared_with), *map(escape, undecided)]),
    )
    previous = ""
    for line in results:
        if previous and line.benchmark != previous:
            table.add_section()
        cells = _cells(line, several, compared, judged)
        table.add_row(*cells, *(_number(line.steps.get(step)) for step in steps))
        previous = line.benchmark
    return table


def _columns(
    compared_with: str, several: bool, compared: bool, judged: bool
) -> list[tuple[str, bool]]:
    return [
        ("benchmark", True),
        ("policy", True),
        ("accuracy", True),
        (f"- {compared_with}", compared),
        ("p (Holm)", compared),
        ("updates", True),
        ("seeds", several),
        ("gain", True),
        ("p", True),
        ("detectable", True),
        ("judged", judged),
        ("mentions", True),
        ("blind", True),
        ("unparsed", True),
        ("truncated", True),
    ]


def _cells(line: Result, several: bool, compared: bool, judged: bool) -> Sequence[str]:
    gain, difference = line.gain, line.difference
    cells = [
        (line.benchmark, True),
        (line.method, True),
        (_estimate(line.score), True),
        ("-" if difference is None else _difference(difference.paired), compared),
        ("-" if difference is None else f"{difference.p_corrected:.2g}", compared),
        (str(line.updates), True),
        (str(len(line.seeds)), several),
        ("-" if gain is None else f"{gain.value:+.3f}", True),
        ("-" if line.gain_corrected is None else f"{line.gain_corrected:.1g}", True),
        (_number(line.detectable), True),
        (_number(line.judged), judged),
        (_number(line.mentions.value), True),
        (_number(line.blind), True),
        (str(line.unparsed), True),
        (str(line.truncated), True),
    ]
    return [text for text, wanted in cells if wanted]


def _caption(results: Sequence[Result], compared_with: str) -> str:
    several = any(len(line.seeds) > 1 for line in results)
    pairs = "the same seeds" if several else "the same questions"
    other = f"- {compared_with}: to {compared_with}, p corrected for the number of methods; "
    if not any(line.difference for line in results):
        other = ""
    text = (
        "detectable: smallest true difference that two policies' answers to these questions would "
        "show with probability 0.8;\n"
        f"gain: paired difference to the base on {pairs}, p corrected for the number of "
        f"benchmarks; {other}intervals are not corrected;\n"
        f"{_tests(results, compared_with)}"
        "mentions: responses that mention a reference nobody showed them"
    )
    if several:
        return f"{text};\n{SEEDS_REASON}"
    return text + "\none seed: all of this is about these trainings, and nothing about the methods"


def _tests(results: Sequence[Result], compared_with: str) -> str:
    names = {"gain": "the gain", "difference": f"- {compared_with}"}
    by_benchmark: dict[str, list[Result]] = {}
    for line in results:
        by_benchmark.setdefault(line.benchmark, []).append(line)
    found: dict[str, list[str]] = {}
    for benchmark, lines in by_benchmark.items():
        for what, tests in tests_of_results(lines).items():
            found.setdefault(f"p of {names[what]}: {tests}", []).append(benchmark)
    return "".join(
        f"{said};\n" if len(on) == len(by_benchmark) else f"{said} on {', '.join(on)};\n"
        for said, on in found.items()
    )


def _estimate(estimate: Estimate) -> str:
    if estimate.high == float("inf"):
        return escape(f"{estimate.value:.3f} {UNBOUNDED_MARK}")
    return escape(f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]")


def _difference(paired: PairedDifference) -> str:
    return escape(f"{paired.value:+.3f} [{paired.low:+.3f}, {paired.high:+.3f}]")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


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
