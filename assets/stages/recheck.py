"""The checks of a stage, done again on an artifact that is there."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared
from assets.stages.logprobs import logprobs_checks
from assets.stages.policy_checkpoint import policy_checkpoint_check
from assets.stages.problems import problems_check
from assets.stages.rewards import rewards_check
from assets.stages.token_weights import token_weights_checks

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.run import StageRun


def recheck(
    declared: Declared, stage: str, artifact: "Artifact", run: "StageRun | None"
) -> Iterator[dg.AssetCheckResult]:
    """What the checks of a stage say of an artifact; nothing of a stage without checks.

    A check that reads another artifact is done only where that is the one this was made from.

    Args:
        declared: The experiment.
        stage: The stage.
        artifact: An artifact of it.
        run: Its arm and iteration; None of an asset without partitions.

    Raises:
        ArtifactError: What a check reads is not there.
    """
    key = declared.key(stage)
    if stage == "problems":
        yield problems_check(declared, artifact)
    elif stage == "rewards":
        yield rewards_check(key, artifact)
    elif stage == "policy_checkpoint":
        yield policy_checkpoint_check(key, artifact)
    elif stage == "logprobs" and run is not None and _reads(run, artifact, "rollouts"):
        yield from logprobs_checks(key, run, artifact)
    elif stage == "token_weights" and run is not None and _reads(run, artifact, "rewards"):
        yield from token_weights_checks(key, run, artifact)


def _reads(run: "StageRun", artifact: "Artifact", stage: str) -> bool:
    """Whether an artifact was made from what is now at its place."""
    return artifact.manifest.inputs.get(stage) == run.read(stage).digest
