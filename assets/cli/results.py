"""`rlsd results`: the table of methods, on the terminal or as Markdown."""

from collections.abc import Callable, Mapping, Sequence

from assets.cli.progress import console
from assets.cli.tables import results_table
from assets.cli.train import open_loop
from rlsd_pipeline.evaluation.intervals import Estimate, PairedDifference
from rlsd_pipeline.evaluation.published import published_methods
from rlsd_pipeline.stages.results import Result, read_results
from rlsd_pipeline.stages.run import Workspace


def print_table(experiment: str) -> None:
    """Print the table."""
    with open_loop(experiment) as (loop, _):
        table = results_table(loop.workspace)
    console().print(table)


def print_markdown(experiment: str) -> None:
    """Print the table as Markdown."""
    with open_loop(experiment) as (loop, _):
        text = "\n\n".join(_sections(loop.workspace))
    print(text)


def _sections(workspace: Workspace) -> list[str]:
    results, compared = read_results(workspace), workspace.experiment.compared_with
    published = published_methods({line.method: line.weighting for line in results})
    columns = _columns(compared, published)
    sections = []
    for benchmark in dict.fromkeys(line.benchmark for line in results):
        lines = [line for line in results if line.benchmark == benchmark]
        head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
        rows = [f"| {' | '.join(read(line) for read in columns.values())} |" for line in lines]
        sections.append("\n".join([f"**{benchmark}**\n", head, *rows]))
    return sections


def _columns(
    compared: str, published: Mapping[str, Sequence[float]]
) -> dict[str, Callable[[Result], str]]:
    return {
        "method": lambda line: line.method,
        "seeds": lambda line: str(len(line.seeds)),
        "updates": lambda line: str(line.updates),
        "accuracy": lambda line: _estimate(line.score),
        f"minus {compared}": lambda line: (
            "" if line.difference is None else _signed(line.difference.paired)
        ),
        "p (Holm)": lambda line: (
            "" if line.difference is None else f"{line.difference.p_corrected:.2g}"
        ),
        "mentions a reference": lambda line: _estimate(line.mentions),
        "blind": lambda line: "" if line.blind is None else f"{line.blind:.3f}",
        "perceive / compare / negate": lambda line: " / ".join(
            f"{line.steps[step]:.2f}" if step in line.steps else "-"
            for step in ("perceive", "compare", "negate")
        ),
        "paper, mean of five": lambda line: _mean(published.get(line.method)),
    }


def _estimate(found: Estimate) -> str:
    if found.high == float("inf"):
        return f"{found.value:.3f}"
    return f"{found.value:.3f} [{max(found.low, 0.0):.3f}, {min(found.high, 1.0):.3f}]"


def _signed(found: PairedDifference) -> str:
    return f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def _mean(scores: Sequence[float] | None) -> str:
    return "" if scores is None else f"{sum(scores) / len(scores):.2f} %"
