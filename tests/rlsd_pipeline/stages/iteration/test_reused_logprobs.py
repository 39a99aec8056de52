"""Sampling's log-probabilities stand for the student's only where a check finds them equal."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.stages.iteration import alignment, contexts
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.reused_logprobs import largest_gap, rows_to_check
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import Rollout, TokenLogprobs

Open = Callable[..., Workspace]


def flat(artifact: Artifact, schema: type, column: str) -> np.ndarray:
    return artifact.table(schema)[column].combine_chunks().flatten().to_numpy()


def scored_rows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many responses each later call of the scorer is asked for."""
    asked, score = [], contexts.score_here

    def count(run, policy, prompts, *rest, **options):
        asked.append(sum(prompt is not None for prompt in prompts))
        return score(run, policy, prompts, *rest, **options)

    monkeypatch.setattr(contexts, "score_here", count)
    return asked


def test_the_shortest_and_the_longest_of_every_sixteenth_group_are_checked() -> None:
    names = [f"p{group}" for group in range(20) for _ in range(3)]
    lengths = [3, 1, 2] * 16 + [5, 5, 5] * 4
    assert rows_to_check(Groups(names), lengths) == [0, 1, 48]
    assert rows_to_check(Groups([]), []) == []


def test_a_value_that_is_no_number_is_an_infinite_gap() -> None:
    sampled = [torch.tensor([-1.0, -2.0]), torch.tensor([])]
    assert largest_gap(sampled, [torch.tensor([-1.25, -2.0]), torch.tensor([])]) == 0.25
    assert largest_gap(sampled, [torch.tensor([-1.0, float("nan")])]) == float("inf")
    assert largest_gap([torch.tensor([])], [torch.tensor([])]) == 0.0


def test_one_engine_scores_the_teacher_and_a_part_of_the_student(
    copied: Path, workspace_at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = scored_rows(monkeypatch)
    run = workspace_at(copied).at("live-s0", 1, recompute=True)
    found = run.make(LogprobsStage)
    # Four groups of four: two of the first are checked, and the teacher reads all sixteen.
    assert asked == [2, 16]
    assert found.manifest.measurements["student_rollouts_scored"] == 2
    assert found.manifest.measurements["engine_gap_max"] < 1e-5
    sampled = flat(run.read("rollouts"), Rollout, "rollout_logprobs")
    np.testing.assert_array_equal(flat(found, TokenLogprobs, "student_logprobs"), sampled)


def test_what_is_reused_is_what_scoring_finds(
    copied: Path, workspace_at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alignment, "sampled_by_another_engine", lambda rollouts: True)
    run = workspace_at(copied).at("live-s0", 1)
    reused = flat(run.read("logprobs"), TokenLogprobs, "student_logprobs")
    scored = flat(
        workspace_at(copied).at("live-s0", 1, recompute=True).make(LogprobsStage),
        TokenLogprobs,
        "student_logprobs",
    )
    np.testing.assert_allclose(reused, scored, atol=1e-5)


def test_an_engine_that_is_off_is_found_out(
    tmp_path: Path, workspace_at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = TransformersEngine.sample

    def coarse(self, policy, request, progress=None):
        return [
            one._replace(rollout_logprobs=[value - 0.01 for value in one.rollout_logprobs])
            for one in sample(self, policy, request, progress)
        ]

    monkeypatch.setattr(TransformersEngine, "sample", coarse)
    workspace = workspace_at(tmp_path / "store")
    run = workspace.at("grpo-s0", 0)
    workspace.whole().make(ProblemsStage)
    run.make(PolicyStage)
    rollouts = run.make(RolloutsStage)
    run.make(RewardsStage)
    asked = scored_rows(monkeypatch)
    found = run.make(LogprobsStage)
    assert asked == [2, 16]
    assert found.manifest.measurements["engine_gap_max"] == pytest.approx(0.01, abs=1e-4)
    assert found.manifest.measurements["student_rollouts_scored"] == 16
    np.testing.assert_allclose(
        flat(found, TokenLogprobs, "student_logprobs"),
        flat(rollouts, Rollout, "rollout_logprobs") + 0.01,
        atol=1e-5,
    )
