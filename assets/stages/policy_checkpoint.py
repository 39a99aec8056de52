"""The `policy_checkpoint` asset; when it ends, it publishes the next iteration's `policy`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared, materialized
from assets.partitions import partition_key
from assets.pipes_launcher import PipesLauncher
from assets.stages.checks import blocking, result
from assets.stages.config import StageConfig
from assets.stages.policy import checkpoint_metadata
from rlsd_pipeline.errors import CollectedError

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.run import StageRun


def policy_checkpoint_asset(declared: Declared) -> dg.AssetsDefinition:
    """The policy after one more update."""
    key = declared.key("policy_checkpoint")

    @dg.asset(
        **declared.iteration_asset(
            "policy_checkpoint",
            "The policy after this iteration's update. Publishes `policy` of the next iteration.",
        ),
        check_specs=blocking(key, finite="Every weight of the model is a finite number."),
    )
    def policy_checkpoint(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from rlsd_pipeline.stages.iteration.policy_checkpoint import train_policy
        from rlsd_pipeline.stages.iteration.skipped_update import SKIPPED
        from rlsd_pipeline.stages.upkeep.retention import retain

        launcher = PipesLauncher(context)
        run = declared.at(context, recompute=config.recompute, launcher=launcher)
        artifact = train_policy(run)
        metadata = checkpoint_metadata(artifact)
        if metadata.get("update/optimizer_steps") == 0:
            context.log.warning(
                "no token carried signal, so the policy stays as it is; so far %d iterations of "
                "%s changed nothing",
                metadata[f"update/{SKIPPED}"],
                run.arm.name,
            )
        yield materialized(artifact, metadata)
        finite = policy_checkpoint_check(key, artifact)
        yield finite
        if finite.passed:
            _publish(context, declared, run, artifact, metadata)
            if freed := retain(run):
                context.log.info("%.1f GB freed of what is not to be kept", freed / 1e9)

    return policy_checkpoint


def policy_checkpoint_check(key: dg.AssetKey, artifact: "Artifact") -> dg.AssetCheckResult:
    """The check of the stage on an artifact of it."""
    from rlsd_pipeline.models.pool import not_finite_weights

    try:
        found = not_finite_weights(artifact)
    except CollectedError:
        # Only weights that training went on from are ever deleted, so they have passed.
        found = 0
    return result(key, "finite", found, "weights are not finite")


def _publish(
    context: dg.AssetExecutionContext,
    declared: Declared,
    run: "StageRun",
    artifact: "Artifact",
    metadata: dict[str, Any],
) -> None:
    """Let the next iteration's `policy` be this checkpoint, as an event of its own."""
    event = dg.AssetMaterialization(
        declared.key("policy"),
        partition=partition_key(run.arm.name, run.iteration + 1),
        tags={"dagster/data_version": artifact.digest},
        metadata={"digest": artifact.digest, "published_by": "policy_checkpoint", **metadata},
    )
    context.log_event(event)
