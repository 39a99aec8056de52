"""Each stage's numbers against what a reader of its table would compute by hand."""

import math
from pathlib import Path

import pyarrow as pa
import pytest

from rlsd_pipeline.artifacts import ArtifactRequest, ArtifactStore, to_table
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.tracking.metrics import (
    logprob_metrics,
    reward_metrics,
    rollout_metrics,
    score_metrics,
    stage_metrics,
    weight_metrics,
)
from schemas import (
    BenchmarkScore,
    PolicyCheckpoint,
    Record,
    Reward,
    Rollout,
    TokenLogprobs,
    TokenWeights,
    Verdict,
)


def table(record: type[Record], *changes: dict) -> pa.Table:
    rows = [{**record.example, **change} for change in changes]
    return to_table(record, {name: [row[name] for row in rows] for name in record.model_fields})


def test_rollouts() -> None:
    rollouts = table(
        Rollout,
        {"completion_ids": [1, 2, 3], "finish_reason": "stop"},
        {"completion_ids": [4], "finish_reason": "length"},
    )
    assert rollout_metrics(rollouts) == {
        "tokens": 4,
        "response_length": 2.0,
        "response_length_max": 3,
        "cut_share": 0.5,
    }


def test_rewards_leave_out_what_the_verifier_failed_on() -> None:
    rewards = table(
        Reward,
        {"verdict": Verdict.CORRECT, "reward": 1.0, "advantage": 0.5},
        {"verdict": Verdict.INCORRECT, "reward": 0.0, "advantage": -0.5, "format_ok": False},
        {"verdict": Verdict.TRUNCATED, "reward": 0.5, "advantage": 0.0, "extracted": None},
        {"verdict": Verdict.VERIFIER_ERROR, "reward": None, "advantage": 0.0},
    )
    assert reward_metrics(rewards) == {
        "reward": 0.5,
        "accuracy": 0.25,
        "format": 0.75,
        "readable_share": 0.75,
        "signal_share": 0.5,
        "unjudged_groups": 0,
        "verdict_correct": 1,
        "verdict_incorrect": 1,
        "verdict_unparsed": 0,
        "verdict_truncated": 1,
        "verdict_verifier_error": 1,
    }


def test_the_information_gain_is_over_the_tokens_that_a_teacher_scored() -> None:
    logprobs = table(
        TokenLogprobs,
        {
            "completion_ids": [1, 2],
            "student_logprobs": [-1.0, -2.0],
            "teacher_logprobs": [-0.5, -3.5],
        },
        {"completion_ids": [3], "student_logprobs": [-9.0], "teacher_logprobs": None},
        {"completion_ids": [4], "student_logprobs": [-1.0], "teacher_logprobs": [-1.0]},
    )
    # Gains 0.5, -1.5 and 0; the entropy is over all four tokens.
    assert logprob_metrics(logprobs) == pytest.approx(
        {
            "entropy": 13 / 4,
            "teacher_kl": 1 / 3,
            "information_gain_mean": -1 / 3,
            "information_gain_std": math.sqrt(((5 / 6) ** 2 + (7 / 6) ** 2 + (1 / 3) ** 2) / 3),
            "information_gain_abs_mean": 2 / 3,
            "information_gain_max": 0.5,
            "information_gain_min": -1.5,
            "information_gain_positive_share": 1 / 3,
        }
    )


def test_without_a_teacher_there_is_no_information_gain() -> None:
    scored = {"completion_ids": [1, 2], "student_logprobs": [-1.0, -2.0], "teacher_logprobs": None}
    assert logprob_metrics(table(TokenLogprobs, scored)) == {"entropy": 1.5}


def test_the_streams_that_are_there() -> None:
    weights = table(
        TokenWeights,
        {"completion_ids": [1, 2], "token_advantages": [1.0, 3.0]},
        {"completion_ids": [3], "token_advantages": [-1.0]},
    )
    assert weight_metrics(weights) == pytest.approx(
        {
            "token_advantages_mean": 1.0,
            "token_advantages_std": math.sqrt(8 / 3),
            "token_advantages_min": -1.0,
            "token_advantages_max": 3.0,
        }
    )


def test_a_score_has_its_interval_and_names_that_every_tracker_takes() -> None:
    example = BenchmarkScore.example | {"pass_at": {"pass@4": 0.7, "pass^4": 0.2}}
    found = score_metrics(BenchmarkScore.model_validate(example))
    assert (found["score"], found["interval_low"], found["interval_high"]) == (0.5, 0.4, 0.6)
    assert (found["pass_at_4"], found["pass_hat_4"]) == (0.7, 0.2)
    assert found["unparsed"] == 3


def test_a_checkpoint_tells_of_its_update_and_of_its_run(tmp_path: Path) -> None:
    def write(out: object) -> None:
        out.record(PolicyCheckpoint.model_validate(PolicyCheckpoint.example))  # type: ignore[attr-defined]
        out.measure(seconds=2.5)  # type: ignore[attr-defined]

    store = ArtifactStore(tmp_path)
    artifact = store.produce(ArtifactRequest("policy_checkpoint", "1", {}), write)
    assert stage_metrics(PolicyCheckpointStage(), artifact) == {
        "policy_checkpoint/loss": 0.125,
        "policy_checkpoint/grad_norm": 0.5,
        "policy_checkpoint/seconds": 2.5,
    }
    other = store.produce(ArtifactRequest("policy", "1", {}), write)
    assert stage_metrics(PolicyStage(), other) == {}
