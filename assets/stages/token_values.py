"""The `token_values` asset: what every token of an iteration was worth."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.iteration_asset import iteration_asset
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from rlsd_pipeline.stages.run import StageRun


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """Values of the states of an iteration's rollouts."""
    yield iteration_asset(declared, declared.stage(TokenValuesStage), made)


def made(
    declared: Declared, stage: Stage, run: "StageRun", log: dg.DagsterLogManager
) -> Iterator[dg.MaterializeResult]:
    """The materialization of the stage at one place."""
    artifact = stage.make(run)
    yield materialized(artifact, stage.metrics(artifact))
