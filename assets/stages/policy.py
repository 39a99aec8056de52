"""The `policy` asset: the root that breaks the training loop's cycle.

Dagster forbids the edge from a checkpoint to the next iteration's rollouts. `policy` has no
upstream: partition 000 is the base model, and partition k + 1 is published by `policy_checkpoint`
of iteration k.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared, materialized
from assets.partitions import split_key
from assets.stages.config import StageConfig
from rlsd_pipeline.stages.iteration.policy import PolicyStage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The weights an iteration samples from."""
    stage = declared.stage(PolicyStage)

    @dg.asset(**declared.asset(stage))
    def policy(context: dg.AssetExecutionContext, config: StageConfig) -> dg.MaterializeResult:
        run = declared.at(context, recompute=config.recompute)
        if run.iteration == 0:
            artifact = stage.make(run)
        else:
            found = run.workspace.store.ref(run.reference(stage.name))
            if found is None:
                arm, iteration = split_key(context.partition_key)
                raise dg.Failure(
                    f"policy {iteration:03d} of {arm} does not exist yet: it is published by "
                    f"policy_checkpoint {iteration - 1:03d}; materialize that first",
                    allow_retries=False,
                )
            artifact = found
        return materialized(artifact, checkpoint_metadata(artifact))

    yield policy


def checkpoint_metadata(artifact: "Artifact") -> dict[str, Any]:
    """What a checkpoint says of itself."""
    from schemas import PolicyCheckpoint

    checkpoint = artifact.record(PolicyCheckpoint)
    return {
        "updates": checkpoint.updates,
        "parameters": checkpoint.parameters,
        "architecture": checkpoint.architecture,
        "parent": checkpoint.parent or "-",
        **{f"update/{name}": value for name, value in checkpoint.metrics.items()},
    }
