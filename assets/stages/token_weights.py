"""The `token_weights` asset."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared
from assets.stages.checks import made_from, result
from assets.stages.stage_asset import iteration_asset, shown_by
from rlsd_pipeline.stages.iteration.token_weights import TokenWeightsStage

if TYPE_CHECKING:
    import pyarrow as pa

    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun

_CHECKS = {
    "sign_never_flips": (
        "The credit of every token has the sign of its response's advantage, "
        "if the method promises it."
    ),
}


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The per-token streams of the arm's method."""
    yield iteration_asset(declared, declared.stage(TokenWeightsStage), made, checks=_CHECKS)


def _page(run: "StageRun", artifact: "Artifact") -> dict[str, Any]:
    from schemas import TokenWeights

    table = artifact.table(TokenWeights)
    return {
        "rows": len(table),
        "weighting": artifact.manifest.config.get("weighting", "of a user's own"),
        "tokens_against_their_reward": _flipped(run, table),
    }


def check(
    declared: Declared, run: "StageRun", artifact: "Artifact"
) -> Iterator[dg.AssetCheckResult]:
    """The checks of the stage on an artifact of it."""
    if not made_from(run, artifact, "rewards"):
        return
    from schemas import TokenWeights

    key, table = declared.key(TokenWeightsStage.name), artifact.table(TokenWeights)
    broken = _flipped(run, table) if run.arm.weighting.keeps_sign else 0
    yield result(
        key, "sign_never_flips", broken, "tokens with the opposite sign of their advantage"
    )


made = shown_by(_page, check)


def _flipped(run: "StageRun", table: "pa.Table") -> int:
    """The number of tokens whose credit has the opposite sign of their response's advantage."""
    from rlsd_pipeline.credit.rollout_advantages import read_advantages
    from rlsd_pipeline.credit.signs import flipped_signs
    from schemas import Reward

    rewards = run.read("rewards").table(Reward, ["problem_id", "reward", "advantage"])
    return flipped_signs(table["token_advantages"], read_advantages(rewards, run.arm.advantages))
