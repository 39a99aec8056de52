"""Pictures for the metadata of an asset: those of the report, small enough for the event log."""

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rlsd_pipeline.stages.evaluation.results import Result
    from rlsd_pipeline.stages.run import StageRun, Workspace

DPI = 80


def learning_curve(workspace: "Workspace", benchmark: str) -> dg.MarkdownMetadataValue:
    """Accuracy against updates, one line a method, with bands and the blind baseline."""
    from rlsd_pipeline.report.figures import learning_curves
    from rlsd_pipeline.summary.curves import accuracy_chart

    return _picture(benchmark, learning_curves(accuracy_chart(workspace, benchmark)))


def difference_picture(
    lines: "Sequence[Result]", benchmark: str, compared: str
) -> dict[str, dg.MarkdownMetadataValue]:
    """Paired differences to the method that all are compared with; nothing where there are none."""
    from rlsd_pipeline.report.figures import forest
    from rlsd_pipeline.summary.table import difference

    found = {
        line.method: bounded
        for line in lines
        if line.benchmark == benchmark
        and line.difference is not None
        and (bounded := difference(line.difference.paired, line.difference.p_corrected))
    }
    if not found:
        return {}
    figure = forest(found, compared, quantity="accuracy")
    return {f"differences/{benchmark}": _picture("differences", figure)}


def comparison_pictures(run: "StageRun") -> dict[str, dg.MarkdownMetadataValue]:
    """How the methods differ in the credit they give to the same tokens."""
    from rlsd_pipeline.report.figures import credit_strips, heat_map, segment_shares
    from rlsd_pipeline.summary.comparison import comparison

    found = comparison(run)
    if found is None:
        return {}
    pictures = {"credit": credit_strips(found.credit), "segments": segment_shares(found.credit)}
    if found.rank_correlation is not None:
        pictures["rank_correlation"] = heat_map(found.rank_correlation, found.methods)
    return {name: _picture(name, figure) for name, figure in pictures.items()}


def _picture(name: str, figure: "Figure") -> dg.MarkdownMetadataValue:
    from rlsd_pipeline.report.vector import png

    picture = base64.b64encode(png(figure, DPI)).decode()
    return dg.MetadataValue.md(f"![{name}](data:image/png;base64,{picture})")
