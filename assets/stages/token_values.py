"""The `token_values` asset: what every token of an iteration was worth."""

from collections.abc import Iterator

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.config import StageConfig
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """Values of the states of an iteration's rollouts."""
    stage = declared.stage(TokenValuesStage)

    @dg.asset(**declared.asset(stage))
    def token_values(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> dg.MaterializeResult:
        artifact = stage.make(declared.at(context, recompute=config.recompute))
        return materialized(artifact, stage.metrics(artifact))

    yield token_values
