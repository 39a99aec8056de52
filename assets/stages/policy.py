"""The `policy` asset: the root that breaks the training loop's cycle.

Dagster forbids the edge from a checkpoint to the next iteration's rollouts. `policy` has no
upstream: partition 000 is the base model, and partition k + 1 is published by `policy_checkpoint`
of iteration k.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.cells import numbers
from assets.stages.stage_asset import stage_asset
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The weights an iteration samples from."""
    yield stage_asset(declared, declared.stage(PolicyStage), made)


def made(
    declared: Declared, stage: Stage, run: "StageRun", log: dg.DagsterLogManager
) -> Iterator[dg.MaterializeResult]:
    """The materialization of the stage at one place.

    Raises:
        ArtifactError: The checkpoint that publishes the policy has not been made.
    """
    artifact = stage.make(run) if run.iteration == 0 else run.read(stage.name)
    yield materialized(artifact, checkpoint_metadata(artifact))


def checkpoint_metadata(artifact: "Artifact") -> dict[str, Any]:
    """The metadata of a checkpoint."""
    from schemas import PolicyCheckpoint

    checkpoint = artifact.record(PolicyCheckpoint)
    return {
        **numbers(checkpoint.metrics),
        "updates": checkpoint.updates,
        "parameters": checkpoint.parameters,
        "architecture": checkpoint.architecture,
        "parent": checkpoint.parent or "-",
    }
