"""The `gradient_comparison` asset: the gradients of all methods, compared."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared
from assets.stages.cells import shown
from assets.stages.stage_asset import shown_by, stage_asset
from rlsd_pipeline.stages.comparison.gradient_comparison import GradientComparisonStage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun
    from schemas import GradientComparison


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """Norms, cosines, bias and noise of the gradients of one iteration."""
    yield stage_asset(declared, declared.stage(GradientComparisonStage), shown_by(_page))


def _page(run: "StageRun", artifact: "Artifact") -> dict[str, Any]:
    from assets.pictures import cosine_picture
    from rlsd_pipeline.report.collected.comparison import signal_meaning
    from schemas import GradientComparison

    found = artifact.record(GradientComparison)
    meaning = {} if found.signal is None else {"meaning": signal_meaning(run, found.signal)}
    return {**_methods(found), **cosine_picture(found), **meaning}


def _methods(found: "GradientComparison") -> dict[str, dg.TableMetadataValue]:
    """The norm of each gradient, and how much of it is signal."""
    from rlsd_pipeline.tables.credit import METHOD, signal_columns
    from rlsd_pipeline.tables.table import Column, Table
    from schemas import MethodSignal

    norms = dict(zip(found.methods, found.norms, strict=True))
    signals = {} if found.signal is None else {one.method: one for one in found.signal.methods}
    nothing = dict.fromkeys(MethodSignal.model_fields)
    rows = [
        signals.get(method) or MethodSignal(**nothing | {"method": method})
        for method in dict.fromkeys([*norms, *signals])
    ]
    _, cosine, share, *needed = signal_columns("rollouts", ".3g")
    norm = Column("norm", lambda one: norms.get(one.method), ".3g")
    return shown(Table("methods", [METHOD, cosine, share, norm, *needed], rows))
