"""The `logprobs` asset."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.checks import made_from, misaligned, result
from assets.stages.iteration_asset import iteration_asset
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun

_CHECKS = {
    "aligned": "Token ids are those of the rollouts, row by row.",
}


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The sampled tokens under the student and under the privileged teacher."""
    stage = declared.stage(LogprobsStage)
    yield iteration_asset(declared, stage, made, checks=_CHECKS)


def made(
    declared: Declared, stage: Stage, run: "StageRun", log: dg.DagsterLogManager
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """The materialization of the stage at one place, then its checks."""
    from schemas import TokenLogprobs

    artifact = stage.make(run)
    table = artifact.table(TokenLogprobs)
    yield materialized(
        artifact,
        {
            "rows": len(table),
            "teacher": artifact.manifest.inputs.get("teacher", "none read"),
        },
    )
    yield from check(declared, run, artifact)


def check(
    declared: Declared, run: "StageRun", artifact: "Artifact"
) -> Iterator[dg.AssetCheckResult]:
    """The checks of the stage on an artifact of it."""
    if not made_from(run, artifact, "rollouts"):
        return
    from schemas import Rollout, TokenLogprobs

    key, table = declared.key(LogprobsStage.name), artifact.table(TokenLogprobs)
    sampled = run.read("rollouts").table(Rollout, ["rollout_id", "completion_ids"])
    yield result(key, "aligned", misaligned(table, sampled), "rows are about other tokens")
