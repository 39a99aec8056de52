"""Token values by continuations that vLLM draws, in this process and behind a server."""

from collections.abc import Callable

import numpy as np
import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.rollouts.kept import kept
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import TokenValues
from tests.vllm.conftest import Served

Build = Callable[..., Workspace]
VALUED = {"continuations": 64, "places": {"per_response": 4}}


@pytest.fixture(scope="module")
def policy(build: Callable[..., Policy]) -> Policy:
    """With a head of its own, as a server needs it."""
    return build(0, tied=False)


def test_in_process(text_workspace: Build, policy: Policy, declared: dict[str, object]) -> None:
    # A prompt and its response just fit, whatever of the response has begun.
    longest = max(len(policy.encode(f"is {i} plus 4 even?").prompt_ids) for i in range(12))
    engine = declared | {"max_model_len": longest + 24}
    workspace = text_workspace(policy, engine, token_values=VALUED)
    try:
        require_agreement(workspace)
    finally:
        kept(workspace.experiment.engine).close()  # type: ignore[attr-defined]


def test_served(
    text_workspace: Build, policy: Policy, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    engine = {"type": "openai", "base_url": served.url, "model": "policy"}
    require_agreement(text_workspace(policy, engine, token_values=VALUED))


def require_agreement(workspace: Workspace) -> None:
    """The values of the same states are those that transformers' continuations give."""
    workspace.whole().make(ProblemsStage)
    run = workspace.at("rlsd-s0", 0)
    for stage in (PolicyStage, RolloutsStage, RewardsStage):
        run.make(stage)
    found = run.make(TokenValuesStage)
    here = workspace.experiment.model_copy(update={"engine": TransformersEngine()})
    own = Workspace(workspace.name, here, workspace.store).at("rlsd-s0", 0).make(TokenValuesStage)
    assert own.digest != found.digest
    (theirs, errors), (ours, other) = values(found), values(own)
    error = np.hypot(errors, other)
    known = error > 0
    apart = (theirs - ours)[known] / error[known]
    assert known.sum() > 15
    assert np.abs(apart).max() < 5
    assert np.mean(apart**2) < 2
    # There is something to agree on.
    assert np.std(ours) > 3 * error.mean()


def values(artifact: Artifact) -> tuple[np.ndarray, np.ndarray]:
    """Value and standard error of every distinct state, in the order of the table."""
    found: dict[tuple[object, ...], tuple[float, float]] = {}
    for row in artifact.table(TokenValues).to_pylist():
        problem, _ = row["rollout_id"].split("#")
        halves = zip(row["first_values"], row["second_values"], strict=True)
        for place, (first, second), error in zip(
            row["places"], halves, row["standard_errors"], strict=True
        ):
            state = (problem, *row["completion_ids"][:place])
            found[state] = (first + second) / 2, error
    numbers = np.array(list(found.values()))
    return numbers[:, 0], numbers[:, 1]
