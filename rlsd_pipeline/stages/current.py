"""Is a stage's artifact here what the experiment now declares?"""

from collections.abc import Callable
from dataclasses import replace

from rlsd_pipeline.artifacts import ArtifactRequest
from rlsd_pipeline.stages.requests import (
    logprobs_request,
    policy_checkpoint_request,
    rewards_request,
    rollouts_request,
    token_weights_request,
)
from rlsd_pipeline.stages.run import StageRun
from rlsd_pipeline.stages.teacher import arm_teacher

_REQUESTS: dict[str, Callable[[StageRun], ArtifactRequest]] = {
    "rollouts": rollouts_request,
    "rewards": rewards_request,
    "logprobs": lambda run: logprobs_request(run, arm_teacher(run)),
    "token_weights": token_weights_request,
    "policy_checkpoint": policy_checkpoint_request,
}


def is_current(run: StageRun, stage: str) -> bool:
    """Whether a stage's artifact is there and is what the experiment now declares."""
    artifact = run.workspace.store.ref(run.reference(stage))
    if artifact is None:
        return False
    return artifact.fingerprint == _REQUESTS[stage](replace(run, draw=run.kept_draw())).fingerprint
