"""The `rewards` asset."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.cells import numbers
from assets.stages.checks import result
from assets.stages.imported import reward_source
from assets.stages.stage_asset import iteration_asset
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun

_CHECKS = {
    "judged": "The verifier judged the responses: it did not fail on most of them in most groups.",
}


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """Verdict, reward and advantage of each rollout."""
    stage = declared.stage(RewardsStage)
    yield iteration_asset(declared, stage, made, checks=_CHECKS)


def made(
    declared: Declared, stage: Stage, run: "StageRun", log: dg.DagsterLogManager
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """The materialization of the stage at one place, then its checks."""
    from rlsd_pipeline.stages.iteration.readable import nothing_readable, readable_text
    from rlsd_pipeline.tracking.metrics import reward_metrics
    from schemas import Reward

    artifact = stage.make(run)
    if (warning := nothing_readable(run)) is not None:
        log.warning(warning)
    table = artifact.table(Reward)
    told = {"rows": len(table), "readable": readable_text(run, artifact)}
    told |= {**reward_source(stage), **numbers(reward_metrics(table))}
    yield materialized(artifact, told)
    yield from check(declared, run, artifact)


def check(
    declared: Declared, run: "StageRun", artifact: "Artifact"
) -> Iterator[dg.AssetCheckResult]:
    """The check of the stage on an artifact of it."""
    from rlsd_pipeline.groups import Groups
    from rlsd_pipeline.verifiers.groups import unjudged_groups
    from schemas import Reward

    table = artifact.table(Reward, ["problem_id", "verdict"]).to_pydict()
    groups = Groups(table["problem_id"])
    unjudged = len(unjudged_groups(groups, table["verdict"]))
    found = unjudged if 2 * unjudged > len(groups) else 0
    key = declared.key(RewardsStage.name)
    yield result(key, "judged", found, f"of {len(groups)} groups carry no reward: verifier errors")
