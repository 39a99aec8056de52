"""The `policy_checkpoint` asset; when it ends, it publishes the next iteration's `policy`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared, in_words, materialized
from assets.partitions import iteration_key, partition_key
from assets.pictures import arm_curves
from assets.stages.checks import result
from assets.stages.policy import checkpoint_metadata
from assets.stages.stage_asset import iteration_asset
from rlsd_pipeline.errors import CollectedError
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The policy after one more update."""
    stage = declared.stage(PolicyCheckpointStage)
    checks = {"finite": "Every weight of the model is a finite number."}
    yield iteration_asset(declared, stage, made, checks=checks)


def made(
    declared: Declared, stage: Stage, run: "StageRun", log: dg.DagsterLogManager
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult | dg.AssetMaterialization]:
    """The materialization of the stage at one place, its check, and the policy that it publishes.

    A checkpoint that fails its check is not published.
    """
    from rlsd_pipeline.stages.iteration.skipped_update import level, skipped
    from rlsd_pipeline.stages.upkeep.retention import retain
    from schemas import PolicyCheckpoint

    artifact = stage.make(run)
    metadata = checkpoint_metadata(artifact)
    checkpoint = artifact.record(PolicyCheckpoint)
    if checkpoint.metrics.get("optimizer_steps") == 0:
        log.log(
            level(skipped(checkpoint)),
            "no token carried signal, so the policy stays as it is; so far %d iterations of "
            "%s changed nothing",
            skipped(checkpoint),
            run.arm.name,
        )
    yield materialized(artifact, {**arm_curves(run), **metadata})
    (finite,) = check(declared, run, artifact)
    yield finite
    if finite.passed:
        yield _published(declared, run, artifact, metadata)
        if freed := retain(run):
            log.info("%.1f GB freed of what is not to be kept", freed / 1e9)


def check(
    declared: Declared, run: "StageRun", artifact: "Artifact"
) -> Iterator[dg.AssetCheckResult]:
    """The check of the stage on an artifact of it."""
    from rlsd_pipeline.models.pool import not_finite_weights

    try:
        found = not_finite_weights(artifact)
    except CollectedError:
        # Only weights that training went on from are ever deleted, so they have passed.
        found = 0
    key = declared.key(PolicyCheckpointStage.name)
    yield result(key, "finite", found, "weights are not finite")


def _published(
    declared: Declared, run: "StageRun", artifact: "Artifact", metadata: dict[str, Any]
) -> dg.AssetMaterialization:
    """Lets the next iteration's `policy` be this checkpoint, as an event of its own."""
    return dg.AssetMaterialization(
        declared.key(PolicyStage.name),
        partition=partition_key(run.arm.name, run.iteration + 1),
        tags={"dagster/data_version": artifact.digest},
        metadata=in_words(
            {
                **metadata,
                "why": f"published by {PolicyCheckpointStage.name} "
                f"{iteration_key(run.iteration)}, which was {artifact.why}",
                "published_by": PolicyCheckpointStage.name,
                "digest": artifact.digest,
            }
        ),
    )
