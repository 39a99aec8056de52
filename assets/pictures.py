"""Pictures for the metadata of an asset: the report's figures, small enough for the event log."""

import base64
from collections.abc import Iterable, Sequence
from io import BytesIO
from math import nan
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rlsd_pipeline.report.styles import Style
    from rlsd_pipeline.stages.evaluation.policy_evaluation import Scores
    from rlsd_pipeline.stages.workspace import StageRun, Workspace
    from schemas import GradientComparison, MethodResult

DPI = 80
_COLOURS = 64
_MOST_PICTURES = 5
"""Number of pictures of an arm's training, for any length."""


def training_curves(workspace: "Workspace") -> dict[str, dg.MarkdownMetadataValue]:
    """The training curves of every method, one small chart a quantity, with bands over seeds."""
    return _small_charts(workspace, None, "training curves", "training curves")


def arm_curves(run: "StageRun") -> dict[str, dg.MarkdownMetadataValue]:
    """The same of the one arm that is being trained.

    As text, since every iteration keeps its own in the event log; as a picture a few times only.
    """
    from rlsd_pipeline.report.collected.sparklines import sparklines
    from rlsd_pipeline.report.collected.training_curves import training_charts

    text = sparklines(training_charts(run.workspace, [run.arm.name]))
    found = {f"curves of {run.arm.name}": dg.MetadataValue.md(f"```\n{text}\n```")}
    is_drawn = _is_drawn(run.iteration + 1, run.experiment.iterations)
    return found | (arm_picture(run) if is_drawn else {})


def arm_picture(run: "StageRun") -> dict[str, dg.MarkdownMetadataValue]:
    """A small chart a quantity, of one arm."""
    name = run.arm.name
    return _small_charts(run.workspace, [name], f"{name}, drawn", name)


def _small_charts(
    workspace: "Workspace", arms: Sequence[str] | None, key: str, name: str
) -> dict[str, dg.MarkdownMetadataValue]:
    from rlsd_pipeline.report.collected.training_curves import training_charts
    from rlsd_pipeline.report.curve_figures import small_multiples

    charts = training_charts(workspace, arms)
    return {key: _picture(name, small_multiples(charts, _styles(workspace)))} if charts else {}


def _styles(workspace: "Workspace", others: Iterable[str] = ()) -> "dict[str, Style]":
    """The look of every method, as in the report."""
    from rlsd_pipeline.report.styles import method_styles

    return method_styles([*workspace.experiment.methods(), *others])


def _is_drawn(updates: int, total: int) -> bool:
    return updates == total or updates % max(1, -(-total // _MOST_PICTURES)) == 0


def learning_curve(
    workspace: "Workspace", benchmark: str, scores: "Scores"
) -> dg.MarkdownMetadataValue:
    """Accuracy against updates, one line a method, with bands and the blind baseline."""
    from rlsd_pipeline.report.collected.curves import accuracy_chart
    from rlsd_pipeline.report.curve_figures import learning_curves

    chart = accuracy_chart(workspace, benchmark, scores)
    return _picture(benchmark, learning_curves(chart, _styles(workspace)))


def difference_picture(
    workspace: "Workspace", lines: "Sequence[MethodResult]", benchmark: str
) -> dict[str, dg.MarkdownMetadataValue]:
    """Paired differences to the method that all are compared with; may be empty."""
    from rlsd_pipeline.report.figures import forest

    found = {
        line.method: line.difference
        for line in lines
        if line.benchmark == benchmark and line.difference
    }
    if not found:
        return {}
    compared = workspace.experiment.compared_with
    figure = forest(found, compared, _styles(workspace), "accuracy")
    return {f"differences/{benchmark}": _picture("differences", figure)}


def comparison_pictures(run: "StageRun") -> dict[str, dg.MarkdownMetadataValue]:
    """How the methods differ in the credit they give to the same tokens."""
    from rlsd_pipeline.report.collected.comparison import comparison
    from rlsd_pipeline.report.figures import credit_strips, segment_shares
    from rlsd_pipeline.report.heat_map import heat_map

    found = comparison(run)
    if found is None:
        return {}
    styles = _styles(run.workspace, found.methods)
    pictures = {
        "credit": credit_strips(found.credit.methods, styles),
        "segments": segment_shares(found.credit.methods),
        "rank_correlation": heat_map(found.rank_correlation, found.methods),
        "rank_correlation_within": heat_map(found.rank_correlation_within, found.methods),
    }
    return {name: _picture(name, figure) for name, figure in pictures.items()}


def cosine_picture(found: "GradientComparison") -> dict[str, dg.MarkdownMetadataValue]:
    """Returns the map of the cosines between the methods' gradients."""
    from rlsd_pipeline.report.heat_map import heat_map

    cosines = [[nan if cosine is None else cosine for cosine in row] for row in found.cosines]
    return {"cosines": _picture("cosines", heat_map(cosines, found.methods))}


def _picture(name: str, figure: "Figure") -> dg.MarkdownMetadataValue:
    from PIL import Image

    from rlsd_pipeline.report.vector import png

    drawn, small = Image.open(BytesIO(png(figure, DPI))), BytesIO()
    # A figure has few colours, and the event log keeps every picture.
    octree, plain = Image.Quantize.FASTOCTREE, Image.Dither.NONE
    few = drawn.convert("RGB").quantize(_COLOURS, octree, dither=plain)
    few.save(small, "PNG", optimize=True)
    picture = base64.b64encode(small.getvalue()).decode()
    return dg.MetadataValue.md(f"![{name}](data:image/png;base64,{picture})")
