"""The `weighting_comparison` asset: all methods on the rollouts of one iteration."""

from collections.abc import Iterable, Iterator
from math import inf
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared, materialized
from assets.failures import own_message_first
from assets.jobs import COMPARE_WITH_COLUMNS, job_name
from assets.stages import compared_columns
from assets.stages.cells import shown
from assets.stages.config import StageConfig
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.statistics.intervals import FEW_PROBLEMS

if TYPE_CHECKING:
    from schemas import CreditFidelity, WeightingComparison


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The asset that compares all methods on the same tokens."""
    stage = declared.stage(WeightingComparisonStage)
    asset = declared.asset(stage)
    asset["deps"] = [*asset["deps"], dg.AssetDep(declared.key(compared_columns.NAME))]

    @dg.asset(**asset)
    @own_message_first()
    def weighting_comparison(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> dg.MaterializeResult:
        from assets.pictures import comparison_pictures
        from rlsd_pipeline.report.collected.comparison import values_command
        from schemas import WeightingComparison

        run = declared.at(context, recompute=config.recompute)
        artifact = stage.make(run)
        comparison = artifact.record(WeightingComparison)
        return materialized(
            artifact,
            {
                "credit_fidelity": _fidelity(comparison.fidelity, values_command(run)),
                "methods": _credit(comparison),
                "intervals": f"over problems; {FEW_PROBLEMS}",
                "tokens": comparison.tokens,
                "signal_tokens": comparison.signal_tokens,
                "left_out": comparison.left_out,
                **_more_methods(declared, comparison.left_out.values()),
                **comparison_pictures(run),
            },
        )

    yield weighting_comparison


def _more_methods(declared: Declared, reasons: Iterable[str]) -> dict[str, str]:
    """The way to the methods that are left out because nobody scored their columns."""
    if not any("--columns" in why for why in reasons):
        return {}
    job = job_name(declared, COMPARE_WITH_COLUMNS)
    return {"more methods": f"materialize {compared_columns.NAME} first, or launch {job}"}


def _fidelity(found: "CreditFidelity | None", command: str) -> dg.MetadataValue:
    """The nearest first; without token values, how to make them."""
    if found is None:
        return dg.MetadataValue.text(f"not measured: materialize token_values, or `{command}`")
    from rlsd_pipeline.tables.credit import fidelity_columns, part_columns
    from rlsd_pipeline.tables.table import Table

    methods = sorted(found.methods, key=lambda one: -one.value.value if one.value else inf)
    columns = fidelity_columns(f"minus {found.compared_with}", ".3f")
    parts = methods[0].parts() if methods else ()
    columns += [part_columns(part, "")[0] for part in parts]
    return shown(Table("credit fidelity", columns, methods))


def _credit(found: "WeightingComparison") -> dg.MetadataValue:
    from rlsd_pipeline.tables.credit import SELECTION, credit_columns
    from rlsd_pipeline.tables.table import Table

    columns = [*credit_columns(found.token_shares), *SELECTION]
    return shown(Table("credit", columns, found.methods))
