"""Pictures for the metadata of an asset, small enough for the event log."""

import base64
import io
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from rlsd_pipeline.stages.run import Workspace

# Colours that stay apart without colour vision (Okabe and Ito), each with a marker of its own.
STYLES = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#56B4E9", "v"))


def learning_curve(workspace: "Workspace", benchmark: str) -> dg.MarkdownMetadataValue:
    """Score against updates, one line an arm, with intervals and the blind baseline."""
    from matplotlib.figure import Figure

    from rlsd_pipeline.stages.results import score_curve

    figure = Figure(figsize=(5.2, 3.0), dpi=80, layout="constrained")
    axes = figure.add_subplot()
    blind = None
    for index, arm in enumerate(workspace.experiment.lineages()):
        points = list(score_curve(workspace, arm, benchmark))
        if not points:
            continue
        colour, marker = STYLES[index % len(STYLES)]
        updates = [iteration for iteration, _ in points]
        scores = [score for _, score in points]
        axes.plot(updates, [s.score for s in scores], color=colour, marker=marker, label=arm)
        low, high = [s.interval_low for s in scores], [s.interval_high for s in scores]
        axes.fill_between(updates, low, high, color=colour, alpha=0.15)
        blind = scores[-1].blind_baseline
    if blind is not None:
        axes.axhline(blind, color="black", linestyle=":", label="blind")
    axes.set(xlabel="updates", ylabel="accuracy", title=benchmark)
    axes.legend(fontsize="small")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    picture = base64.b64encode(buffer.getvalue()).decode()
    return dg.MetadataValue.md(f"![{benchmark}](data:image/png;base64,{picture})")
