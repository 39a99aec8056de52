"""Is a stage's artifact here what the experiment now declares?"""

from collections.abc import Callable
from dataclasses import replace

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest
from rlsd_pipeline.stages.iteration.teacher import arm_teacher
from rlsd_pipeline.stages.requests import (
    logprobs_request,
    policy_checkpoint_request,
    rewards_request,
    rollouts_request,
    token_weights_request,
)
from rlsd_pipeline.stages.run import StageRun

_REQUESTS: dict[str, Callable[[StageRun], ArtifactRequest]] = {
    "rollouts": rollouts_request,
    "rewards": rewards_request,
    "token_weights": token_weights_request,
    "policy_checkpoint": policy_checkpoint_request,
}
"""Of the stages of an iteration, those that ask for no teacher."""


def declared_request(
    run: StageRun, stage: str, teacher: Callable[[StageRun], Artifact | None]
) -> ArtifactRequest:
    """The request that is made today for a stage of an iteration, at the draw that is here.

    Args:
        run: Where.
        stage: One of the stages of an iteration.
        teacher: Finds the teacher of a place; asked for the log-probabilities alone.
    """
    run = replace(run, draw=run.kept_draw())
    return logprobs_request(run, teacher(run)) if stage == "logprobs" else _REQUESTS[stage](run)


def is_current(run: StageRun, stage: str) -> bool:
    """Whether a stage's artifact is there and is what the experiment now declares."""
    artifact = run.workspace.store.intact_ref(run.reference(stage))
    if artifact is None or (stage == "policy_checkpoint" and not _is_published(run, artifact)):
        return False
    return artifact.fingerprint == declared_request(run, stage, arm_teacher).fingerprint


def _is_published(run: StageRun, checkpoint: Artifact) -> bool:
    """Whether a checkpoint is the next iteration's policy; a kill may have come between."""
    policy = run.workspace.store.intact_ref(run.reference("policy", run.iteration + 1))
    return policy is not None and policy.fingerprint == checkpoint.fingerprint
