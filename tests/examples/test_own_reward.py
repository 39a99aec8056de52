"""A reward of a user's own is computed, kept as a column, and known by its code."""

from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import StageRun
from schemas import Reward, Rollout
from tests.examples.conftest import Small


def sampled_and_rewarded(run: StageRun) -> tuple[Artifact, Artifact]:
    """The rollouts and the rewards of an iteration."""
    run.workspace.whole().make(ProblemsStage)
    run.make(PolicyStage)
    return run.make(RolloutsStage), run.make(RewardsStage)


def test_each_part_is_a_column_and_the_reward_their_sum(small: Small) -> None:
    workspace = small("own_reward", keep=("verifier",))
    rollouts, rewards = sampled_and_rewarded(workspace.at("grpo-s0", 0))
    lengths = [len(row["completion_ids"]) for row in rollouts.table(Rollout).to_pylist()]
    rows = rewards.table(Reward).to_pylist()
    assert len(set(lengths)) > 1
    for row, length in zip(rows, lengths, strict=True):
        right, kept, short = row["verdict"] == "correct", row["format_ok"], 1 - length / 40
        assert row["reward_accuracy"] == float(right)
        assert row["reward_format"] == float(kept)
        assert row["reward_brevity"] == pytest.approx(short)
        assert row["reward"] == pytest.approx(0.9 * right + 0.1 * kept + 0.2 * short)
    metrics = RewardsStage().metrics(rewards)
    assert metrics["reward_brevity"] == pytest.approx(1 - sum(lengths) / len(lengths) / 40)
    # Another loader of the table sees the same columns, row by row.
    assert Reward.model_validate(rows[0]).model_extra["reward_brevity"] == rows[0]["reward_brevity"]


def test_changed_code_rewards_anew_what_was_sampled_once(small: Small, tmp_path: Path) -> None:
    first = sampled_and_rewarded(small("own_reward").at("grpo-s0", 0))
    again = sampled_and_rewarded(small("own_reward").at("grpo-s0", 0))
    assert [artifact.cache_hit for artifact in again] == [True, True]
    assert again[1].digest == first[1].digest

    file = tmp_path / "own_reward" / "reward.py"
    file.write_text(file.read_text().replace("max(0.0, 1 -", "max(0.5, 1 -"))
    changed = sampled_and_rewarded(small("own_reward").at("grpo-s0", 0))
    assert [artifact.cache_hit for artifact in changed] == [True, False]
    brevity = changed[1].table(Reward)["reward_brevity"].to_pylist()
    assert min(brevity) >= 0.5
