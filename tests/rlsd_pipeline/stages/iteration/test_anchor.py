"""A method that holds the policy near the base model, from its column to the update."""

from collections.abc import Callable
from pathlib import Path

import pytest
from torch import Tensor

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.errors import ArtifactError
from rlsd_pipeline.models.pool import PolicyPool
from rlsd_pipeline.stages.iteration.logprobs import LogprobsTable
from rlsd_pipeline.stages.iteration.prompts import student_prompt
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint, Rollout, TokenLogprobs, TokenWeights

Made = dict[tuple[str, int, str], Artifact]
Open = Callable[..., Workspace]

ALPHA = 0.5
SDPG = {"type": "sdpg", "divergence": {"type": "sampled"}, "alpha": ALPHA}
ARMS = [
    {"name": "held", "weighting": SDPG, "teacher": {"type": "live"}},
    {"name": "free", "weighting": SDPG | {"alpha": 0.0}, "teacher": {"type": "live"}},
]


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory,
    workspace_at: Open,
    run_all: Callable[..., Made],
) -> tuple[Workspace, Made]:
    """Two iterations of each arm; not to be changed."""
    workspace = workspace_at(tmp_path_factory.mktemp("held") / "store", arms=ARMS)
    return workspace, run_all(workspace, ("held-s0", "free-s0"), iterations=2)


def scores(made: Made, arm: str, iteration: int) -> list[dict]:
    return made[arm, iteration, "logprobs"].table(TokenLogprobs).to_pylist()


def test_the_base_model_is_what_training_began_with(
    trained: tuple[Workspace, Made], naive_logprobs: Callable[..., Tensor]
) -> None:
    workspace, made = trained
    known = workspace.problems(made["", 0, "problems"])
    base = PolicyPool().get(made["held-s0", 0, "policy"])
    rollouts = made["held-s0", 1, "rollouts"].table(Rollout).to_pylist()
    furthest = 0.0
    for rollout, row in zip(rollouts, scores(made, "held-s0", 1), strict=True):
        prompt = student_prompt(workspace.experiment, base, known[rollout["problem_id"]])
        expected = naive_logprobs(base, prompt, row["completion_ids"]).tolist()
        assert row["base_logprobs"] == pytest.approx(expected, abs=1e-5)
        moved = zip(row["student_logprobs"], row["base_logprobs"], strict=True)
        furthest = max(furthest, *(abs(now - then) for now, then in moved))
    assert furthest > 1e-3
    # Before the first update the two are one.
    for row in scores(made, "held-s0", 0):
        assert row["base_logprobs"] == row["student_logprobs"]


def test_the_update_pulls_every_token_back(trained: tuple[Workspace, Made]) -> None:
    made = trained[1]
    for row in made["held-s0", 1, "token_weights"].table(TokenWeights).to_pylist():
        assert row["anchor_weights"] == [ALPHA] * len(row["completion_ids"])
    means = [
        sum(
            (now - then) ** 2
            for now, then in zip(row["student_logprobs"], row["base_logprobs"], strict=True)
        )
        / len(row["completion_ids"])
        for row in scores(made, "held-s0", 1)
    ]
    first, second = (
        made["held-s0", k, "policy_checkpoint"].record(PolicyCheckpoint).metrics for k in (0, 1)
    )
    assert first["loss_anchor"] == pytest.approx(0.0, abs=1e-9)
    assert second["loss_anchor"] == pytest.approx(ALPHA / 2 * sum(means) / len(means), rel=1e-3)


def test_an_arm_without_the_pull_scores_no_base_model(trained: tuple[Workspace, Made]) -> None:
    made = trained[1]
    assert made["held-s0", 1, "logprobs"].manifest.inputs["base"] == (
        made["held-s0", 0, "policy"].digest
    )
    free = made["free-s0", 1, "logprobs"].manifest
    assert "base" not in free.inputs
    assert "columns" not in free.config
    assert {row["base_logprobs"] for row in scores(made, "free-s0", 1)} == {None}
    weights = made["free-s0", 1, "token_weights"].table(TokenWeights)
    assert weights["anchor_weights"].null_count == len(weights)
    metrics = made["free-s0", 1, "policy_checkpoint"].record(PolicyCheckpoint).metrics
    assert "loss_anchor" not in metrics


def test_a_table_that_lacks_it_is_refused(trained: tuple[Workspace, Made], tmp_path: Path) -> None:
    workspace, made = trained
    table = made["free-s0", 1, "logprobs"].table(TokenLogprobs)
    given = LogprobsTable(path=str(tmp_path / "logprobs.parquet"))
    with pytest.raises(
        ArtifactError, match=r"base_logprobs is null .* `held` reads the base model"
    ):
        given.check(workspace.at("held-s0", 1), {}, table)
    given.check(workspace.at("free-s0", 1), {}, table)
