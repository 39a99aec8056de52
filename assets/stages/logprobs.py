"""The `logprobs` asset."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared
from assets.stages.checks import made_from, misaligned, result
from assets.stages.stage_asset import iteration_asset, shown_by
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The sampled tokens under the student and under the privileged teacher."""
    checks = {"aligned": "Token ids are those of the rollouts, row by row."}
    yield iteration_asset(declared, declared.stage(LogprobsStage), made, checks=checks)


def _page(run: "StageRun", artifact: "Artifact") -> dict[str, Any]:
    from schemas import TokenLogprobs

    teacher = artifact.manifest.inputs.get("teacher", "none read")
    return {"rows": len(artifact.table(TokenLogprobs)), "teacher": teacher}


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


made = shown_by(_page, check)
