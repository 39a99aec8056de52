"""`examples/own_weighting`: credit by the policy's own uncertainty."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rlsd_pipeline.errors import ComponentError
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.token_weights import TokenWeightsStage
from rlsd_pipeline.stages.registry import ITERATION
from rlsd_pipeline.stages.workspace import StageRun
from rlsd_pipeline.weighting.method import Credit
from schemas import PolicyCheckpoint, Reward, TokenLogprobs, TokenWeights, WeightingComparison
from tests.examples.conftest import Small

# Two responses of A = 2 and A = -1, of two tokens and of one.
TABLE = Credit(
    rewards=torch.tensor([1.0, 0.0], dtype=torch.float64),
    correct=torch.tensor([True, False]),
    advantages=torch.tensor([2.0, -1.0]),
    groups=torch.tensor([0, 0]),
    informed=torch.tensor([False, False]),
    rows=torch.tensor([0, 0, 1]),
    reasoning=torch.tensor([True, True, True]),
    student_logprobs=torch.tensor([-1.0, -3.0, -5.0]),
    teacher_logprobs=None,
)


def test_credit_follows_uncertainty(small: Small) -> None:
    method = small("own_weighting").at("uncertain-s0", 0).arm.weighting
    # u = 1/2 and 3/2 of the mean 2, and 1 for the only token: 2 (1/2 + u/2), and -1.
    assert method.streams(TABLE).token_advantages.tolist() == [1.5, 2.5, -1.0]  # type: ignore[union-attr]
    # A policy that was sure of every token gives none of them more than another.
    sure = replace(TABLE, student_logprobs=torch.zeros(3))
    assert method.streams(sure).token_advantages.tolist() == [2.0, 2.0, -1.0]  # type: ignore[union-attr]


def test_a_policy_learns_by_it(small: Small) -> None:
    workspace = small("own_weighting")
    workspace.whole().make(ProblemsStage)
    run = workspace.at("uncertain-s0", 0)
    run.make(PolicyStage)
    made = {stage.name: run.make(stage) for stage in ITERATION}
    rewards = made["rewards"].table(Reward).to_pylist()
    scored = made["logprobs"].table(TokenLogprobs)["student_logprobs"].to_pylist()
    weights = made["token_weights"].table(TokenWeights)["token_advantages"].to_pylist()
    assert any(row["advantage"] for row in rewards)
    for row, ours, credit in zip(rewards, scored, weights, strict=True):
        mean = sum(ours) / len(ours)
        expected = [row["advantage"] * (0.5 + 0.5 * logprob / mean) for logprob in ours]
        assert credit == pytest.approx(expected, abs=1e-5)
    assert made["policy_checkpoint"].record(PolicyCheckpoint).metrics["grad_norm"] > 0
    # Its code, and not the folder, identifies what it made.
    decided = made["token_weights"].manifest.config["weighting"]
    assert decided["type"] == "weighting.py:Uncertain"
    compared = run.make(WeightingComparisonStage).record(WeightingComparison)
    assert {"grpo", "uncertain", "sft"} <= {line.method for line in compared.methods}

    _wrong_code_is_one_message(run, small)


def _wrong_code_is_one_message(run: StageRun, small: Small) -> None:
    file = Path(str(run.arm.weighting.origin.file))  # type: ignore[union-attr]
    right = file.read_text()
    for line, said in [
        ("        raise KeyError('surprise')", r"KeyError: 'surprise' \(.*weighting.py, line 20\)"),
        ("        return TokenStreams()", r"gave no stream: fill at least one"),
        ("        return credit.advantages", r"gave Tensor: return `TokenStreams\(...\)`"),
        (
            "        return TokenStreams(credit.advantages)",
            r"of \[16\], where the table has .*weighting.py, line 18\)",
        ),
        ("        return TokenStreams(0 * credit.token_advantages / 0)", "nan at token 0"),
    ]:
        file.write_text(right.replace("        surprise = -credit.student_logprobs", line))
        again = small("own_weighting").at("uncertain-s0", 0)
        with pytest.raises(
            ComponentError, match=f"`weighting.py:Uncertain`, 16 rollouts: .*{said}"
        ):
            again.make(TokenWeightsStage)
