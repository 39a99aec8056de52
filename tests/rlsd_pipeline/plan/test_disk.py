"""Bytes of artifacts against literals and against tables that are really written."""

from dataclasses import replace

import numpy as np
import pytest

from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.retention import RetentionConfig
from rlsd_pipeline.credit.columns import ASKED
from rlsd_pipeline.plan.disk import run_disk, token_bytes, written
from schemas import Rollout, TeacherDistribution, TokenLogprobs, TokenWeights
from tests.plan_fixtures import ADAPTER, BARE, LAYOUT, WORK

ROLLOUTS = 20 * (12 + 4) + 4 * 3 * 4
LOGPROBS, WEIGHTS = 20 * 16, 20 * 16


def _arm(weighting: dict, **more):
    arms = [{"weighting": weighting, **more}]
    return next(iter(ExperimentConfig(arms=arms).lineages().values()))


def test_bytes_a_token() -> None:
    # Ids, ends and log-probabilities of four bytes each.
    assert token_bytes(Rollout) == 12
    assert token_bytes(TokenLogprobs, ASKED) == 16
    assert token_bytes(TokenWeights, ["anchor_weights"]) == 16
    assert token_bytes(TeacherDistribution) == 8


def test_a_real_table_has_these_bytes() -> None:
    lengths = (700, 300)
    ids = [np.arange(length) for length in lengths]
    logprobs = [-np.ones(length, dtype=np.float32) for length in lengths]
    table = to_table(
        TokenLogprobs,
        {
            "rollout_id": ["a#0", "a#1"],
            "completion_ids": ids,
            "student_logprobs": logprobs,
            "teacher_logprobs": logprobs,
            "teacher_plain_logprobs": logprobs,
        },
    )
    assert table.nbytes == pytest.approx(1000 * token_bytes(TokenLogprobs, ASKED), rel=0.01)


def test_an_iteration_of_grpo() -> None:
    found = written(_arm({"type": "grpo"}), BARE, WORK, LAYOUT)
    assert found.tables == {"rollouts": ROLLOUTS, "logprobs": LOGPROBS, "token_weights": WEIGHTS}
    assert (found.weights, found.optimizer, found.teacher) == (1600, 3200, 0)
    assert found.total == ROLLOUTS + LOGPROBS + WEIGHTS + 4800


def test_a_distribution_and_an_average_are_artifacts_of_their_own() -> None:
    sdpo = _arm(
        {"type": "sdpo", "divergence": {"type": "jsd", "top_k": 10}}, teacher={"type": "ema"}
    )
    found = written(sdpo, BARE, WORK, replace(LAYOUT, weight_bytes=2))
    assert found.tables["teacher_distribution"] == 20 * (8 + 80)
    # Trained weights and their average are kept in float32 whatever computes.
    assert (found.weights, found.teacher) == (1600, 1600)


def test_an_adapter_has_a_small_optimizer() -> None:
    found = written(_arm({"type": "grpo"}), BARE, WORK, replace(LAYOUT, lora=ADAPTER))
    assert (found.weights, found.optimizer) == (1600, 2 * 128 * 4)


def test_a_run_with_and_without_collection() -> None:
    experiment = ExperimentConfig.model_validate(
        {
            "arms": [{"weighting": {"type": "grpo"}}],
            "iterations": 10,
            "evaluation": {"every": 4},
            "retention": {"checkpoints": {"every": 5}},
        }
    )
    one = written(_arm({"type": "grpo"}), BARE, WORK, LAYOUT)
    tables = ROLLOUTS + LOGPROBS + WEIGHTS
    found = run_disk(experiment, one)
    assert found.everything == 10 * (tables + 4800)
    # The policies after 4, 5, 8 and 10 updates, and the optimizer of the newest.
    assert found.collected == 10 * tables + 4 * 1600 + 3200
    # Nothing goes by itself.
    assert (found.left, found.waiting) == (found.everything, 0)
    retention = {"checkpoints": {"every": 5}, "in_training": 3}
    applied = experiment.model_copy(update={"retention": RetentionConfig.model_validate(retention)})
    # Three checkpoints come together before any goes.
    assert run_disk(applied, one) == replace(found, left=found.collected, waiting=3 * 4800)
