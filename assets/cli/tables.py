"""The tables of the command line."""

from rich.table import Table

from assets.cli.loop import Loop
from assets.home import home, store_url
from rlsd_pipeline.stages.results import Result, read_results
from rlsd_pipeline.stages.run import Workspace


def results_table(workspace: Workspace) -> Table:
    """Base and arms, each with its interval, beside the blind baseline and step by step."""
    results = read_results(workspace)
    confidence = workspace.experiment.evaluation.confidence
    steps = sorted({label for r in results for label in r.score.breakdown if "step:" in label})
    steps.sort(key=["step:perceive", "step:compare", "step:negate"].index)
    table = Table(
        title=f"{workspace.name}: accuracy on held-out questions ({confidence:.0%} intervals)",
        caption="gain: paired difference to the base on the same questions",
    )
    for name in ("benchmark", "policy", "updates", "accuracy", "gain", "p", "blind", "unparsed"):
        table.add_column(name, justify="left" if name in ("benchmark", "policy") else "right")
    for step in steps:
        table.add_column(step.removeprefix("step:"), justify="right")
    previous = ""
    for line in results:
        if previous and line.benchmark != previous:
            table.add_section()
        table.add_row(*_cells(line), *(_step(line, step) for step in steps))
        previous = line.benchmark
    return table


def _cells(line: Result) -> list[str]:
    score, gain = line.score, line.gain
    blind = "-" if score.blind_baseline is None else f"{score.blind_baseline:.3f}"
    return [
        line.benchmark,
        line.arm,
        str(score.updates),
        f"{score.score:.3f} [{score.interval_low:.3f}, {score.interval_high:.3f}]".replace(
            "[", r"\["
        ),
        "-" if gain is None else f"{gain.value:+.3f}",
        "-" if gain is None else f"{gain.p_value:.1g}",
        blind,
        str(score.unparsed + score.truncated),
    ]


def _step(line: Result, step: str) -> str:
    part = line.score.breakdown.get(step)
    return "-" if part is None else f"{part.score:.3f}"


def where_to_look(loop: Loop) -> str:
    """What to open next."""
    return (
        f"artifacts  {store_url()}\n"
        f"history    {home() / 'dagster'}\n"
        "graph      make ui, then http://127.0.0.1:3000"
    )
