"""The `weighting_comparison` asset: all methods on the rollouts of one iteration."""

from collections.abc import Iterator, Mapping
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared
from assets.jobs import COMPARE_WITH_COLUMNS, job_name
from assets.stages import compared_columns
from assets.stages.cells import shown
from assets.stages.stage_asset import shown_by, stage_asset
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.statistics.intervals import FEW_PROBLEMS

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun
    from schemas import CreditFidelity


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The asset that compares all methods on the same tokens."""
    job = job_name(declared, COMPARE_WITH_COLUMNS)
    stage, made = declared.stage(WeightingComparisonStage), shown_by(partial(_page, job))
    yield stage_asset(declared, stage, made, deps=[compared_columns.NAME])


def _page(job: str, run: "StageRun", artifact: "Artifact") -> dict[str, Any]:
    """The tables and pictures, and the way to the methods whose columns nobody scored."""
    from assets.pictures import comparison_pictures
    from rlsd_pipeline.report.collected.comparison import values_command
    from rlsd_pipeline.tables.credit import SELECTION, credit_columns
    from rlsd_pipeline.tables.table import Table
    from schemas import WeightingComparison

    comparison = artifact.record(WeightingComparison)
    columns = [*credit_columns(comparison.token_shares), *SELECTION]
    page = {
        **_fidelity(comparison.fidelity, values_command(run)),
        **shown(Table("methods", columns, comparison.methods)),
        "intervals": f"over problems; {FEW_PROBLEMS}",
        "tokens": comparison.tokens,
        "signal_tokens": comparison.signal_tokens,
        "left_out": comparison.left_out,
    }
    if any("--columns" in why for why in comparison.left_out.values()):
        page["more methods"] = f"materialize {compared_columns.NAME} first, or launch {job}"
    return {**page, **comparison_pictures(run)}


def _fidelity(found: "CreditFidelity | None", command: str) -> Mapping[str, Any]:
    """The nearest first; without token values, how to make them."""
    if found is None:
        return {"credit fidelity": f"not measured: materialize token_values, or `{command}`"}
    from rlsd_pipeline.tables.credit import fidelity_columns, part_columns
    from rlsd_pipeline.tables.table import Table

    methods = sorted(found.methods, key=lambda one: -one.value.value if one.value else inf)
    columns = fidelity_columns(f"minus {found.compared_with}", ".3f")
    parts = methods[0].parts() if methods else ()
    columns += [part_columns(part, "")[0] for part in parts]
    return shown(Table("credit fidelity", columns, methods))
