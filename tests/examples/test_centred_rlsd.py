"""`examples/centred_rlsd`: RLSD over standardised and over centred advantages."""

import statistics

import numpy as np
import pytest

from assets.stages.token_weights import _flipped
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.registry import ITERATION
from schemas import ComparedCredit, Reward, TokenLogprobs, TokenWeights
from tests.examples.conftest import Small


def test_only_the_advantages_of_the_arms_differ(small: Small) -> None:
    workspace = small("centred_rlsd")
    workspace.whole().make(ProblemsStage)
    made = {}
    for arm in ("rlsd-s0", "centred-s0"):
        run = workspace.at(arm, 0)
        run.make(PolicyStage)
        made[arm] = {stage.name: run.make(stage) for stage in ITERATION}
    # They share what comes before the credit.
    for stage in ("rollouts", "rewards", "logprobs"):
        assert made["rlsd-s0"][stage].digest == made["centred-s0"][stage].digest
    rewards = made["centred-s0"]["rewards"].table(Reward).to_pylist()
    scored = made["centred-s0"]["logprobs"].table(TokenLogprobs).to_pylist()
    weights = made["centred-s0"]["token_weights"].table(TokenWeights)
    groups: dict[str, list[float]] = {}
    for row in rewards:
        groups.setdefault(row["problem_id"], []).append(row["reward"])
    credits = weights["token_advantages"].to_pylist()
    for row, table, credit in zip(rewards, scored, credits, strict=True):
        centred = row["reward"] - statistics.fmean(groups[row["problem_id"]])
        gain = np.subtract(table["teacher_logprobs"], table["student_logprobs"])
        # λ = 1/2 at the first iteration, ε_w = 0.2.
        multiplier = 0.5 + 0.5 * np.exp(np.sign(centred) * gain).clip(0.8, 1.2)
        assert credit == pytest.approx(list(centred * multiplier), abs=1e-6)
    assert any(any(credit) for credit in credits)
    assert made["rlsd-s0"]["token_weights"].digest != made["centred-s0"]["token_weights"].digest
    run = workspace.at("centred-s0", 0)
    assert _flipped(run, weights) == 0
    compared = run.make(WeightingComparisonStage).table(ComparedCredit).to_pylist()
    shown = {
        name: [row["credit"] for row in compared if row["method"] == name]
        for name in ("rlsd", "centred")
    }
    assert shown["centred"] == credits
    standardised = made["rlsd-s0"]["token_weights"].table(TokenWeights)["token_advantages"]
    assert shown["rlsd"] == standardised.to_pylist()
