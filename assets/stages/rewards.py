"""The `rewards` asset."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.checks import blocking, result
from assets.stages.config import StageConfig

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact


def rewards_asset(declared: Declared) -> dg.AssetsDefinition:
    """Verdict, reward and advantage of each rollout."""
    key = declared.key("rewards")

    @dg.asset(
        **declared.iteration_asset("rewards", "Verdict, reward and group-relative advantage."),
        check_specs=blocking(
            key, judged="The verifier did not fail on most responses of most groups."
        ),
    )
    def rewards(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from rlsd_pipeline.stages.iteration.readable import nothing_readable, readable_text
        from rlsd_pipeline.stages.iteration.rewards import verify_rollouts
        from rlsd_pipeline.tracking.metrics import reward_metrics
        from schemas import Reward

        run = declared.at(context, recompute=config.recompute)
        artifact = verify_rollouts(run)
        if (warning := nothing_readable(run)) is not None:
            context.log.warning(warning)
        table = artifact.table(Reward)
        told = {"dagster/row_count": len(table), "readable": readable_text(run, artifact)}
        yield materialized(artifact, {**told, **reward_metrics(table)})
        yield rewards_check(key, artifact)

    return rewards


def rewards_check(key: dg.AssetKey, artifact: "Artifact") -> dg.AssetCheckResult:
    """The check of the stage on an artifact of it."""
    from rlsd_pipeline.verifiers.groups import unjudged_groups
    from schemas import Reward

    table = artifact.table(Reward, ["problem_id", "verdict"]).to_pydict()
    unjudged = len(unjudged_groups(table["problem_id"], table["verdict"]))
    groups = len(set(table["problem_id"]))
    found = unjudged if 2 * unjudged > groups else 0
    return result(key, "judged", found, f"of {groups} groups carry no reward: verifier errors")
