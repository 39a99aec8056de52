"""Rollouts of another engine than the trainer: what the stages record and correct."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engine import Completion, Engine, Progress, SamplingRequest
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import BenchmarkScore, PolicyCheckpoint, Rollout

Made = dict[tuple[str, int, str], Artifact]
Open = Callable[..., Workspace]
RunAll = Callable[..., Made]
Ran = tuple[Path, Made]

GAP = 0.1
"""Nats by which the other engine reports every token less likely."""


class OtherEngine(Engine):
    """Draws as transformers does, and reports other log-probabilities."""

    def sample(
        self, policy: Policy, request: SamplingRequest, progress: Progress
    ) -> list[Completion]:
        return [
            each._replace(rollout_logprobs=[value - GAP for value in each.rollout_logprobs])
            for each in TransformersEngine().sample(policy, request, progress)
        ]


@pytest.fixture
def other_engine() -> dict[str, object]:
    """Declares the other engine."""
    return {"type": f"{__name__}:OtherEngine", "batch_prompts": 4}


def metrics(made: Made, arm: str = "rlsd-s0") -> dict[str, float]:
    return made[arm, 0, "policy_checkpoint"].record(PolicyCheckpoint).metrics


def drawn(made: Made) -> list[list[int]]:
    return made["rlsd-s0", 0, "rollouts"].table(Rollout)["completion_ids"].to_pylist()


def test_the_update_is_weighed_and_says_by_how_much(
    ran: Ran, tmp_path: Path, workspace_at: Open, run_all: RunAll, other_engine: dict[str, object]
) -> None:
    workspace = workspace_at(tmp_path / "store", engine=other_engine)
    made = run_all(workspace, ("rlsd-s0",), iterations=1)
    assert drawn(made) == drawn(ran[1])
    measured = made["rlsd-s0", 0, "logprobs"].manifest.measurements
    assert measured["engine_gap_max"] == pytest.approx(GAP, abs=1e-4)
    found, plain = metrics(made), metrics(ran[1])
    assert found["engine_ratio_mean"] == pytest.approx(math.exp(GAP), rel=1e-4)
    assert found["engine_ratio_max"] == pytest.approx(math.exp(GAP), rel=1e-4)
    assert found["engine_effective_sample_size"] == pytest.approx(1.0)
    assert plain["grad_norm"] > 0
    assert found["grad_norm"] == pytest.approx(math.exp(GAP) * plain["grad_norm"], rel=1e-3)
    assert not [name for name in plain if name.startswith("engine")]


def test_without_a_cap_the_update_is_that_of_one_engine(
    ran: Ran, tmp_path: Path, workspace_at: Open, run_all: RunAll, other_engine: dict[str, object]
) -> None:
    update = {"learning_rate": 1e-3, "engine_ratio_cap": None}
    workspace = workspace_at(tmp_path / "store", engine=other_engine, update=update)
    made = run_all(workspace, ("rlsd-s0",), iterations=1)
    # To rounding: one engine's log-probabilities are those of sampling, not scored again.
    for name in ("loss", "grad_norm"):
        assert metrics(made)[name] == pytest.approx(metrics(ran[1])[name], rel=1e-4, abs=1e-6)
    assert metrics(made)["engine_ratio_mean"] == pytest.approx(math.exp(GAP), rel=1e-4)


def test_reference_responses_were_sampled_by_no_engine(
    tmp_path: Path, workspace_at: Open, run_all: RunAll, other_engine: dict[str, object]
) -> None:
    sampling = {"prompts": 4, "group_size": 4, "max_prompt_tokens": 128, "max_tokens": 120}
    workspace = workspace_at(
        tmp_path / "store",
        engine=other_engine,
        sampling=sampling,
        arms=[{"weighting": {"type": "sft"}}],
    )
    made = run_all(workspace, ("sft-s0",), iterations=1)
    assert not [name for name in metrics(made, "sft-s0") if name.startswith("engine")]


def test_what_changes_speed_alone_changes_no_request(
    ran: Ran, copied: Path, workspace_at: Open
) -> None:
    slow = workspace_at(copied, engine={"type": "transformers", "batch_prompts": 1})
    run = slow.at("rlsd-s0", 0)
    assert RolloutsStage().request(run).fingerprint == ran[1]["rlsd-s0", 0, "rollouts"].fingerprint
    vllm = workspace_at(copied, engine={"type": "vllm", "data_parallel_size": 2})
    assert (
        RolloutsStage().request(vllm.at("rlsd-s0", 0)).fingerprint
        != RolloutsStage().request(run).fingerprint
    )
    made = PolicyCheckpointStage().request(run).fingerprint
    assert made == ran[1]["rlsd-s0", 0, "policy_checkpoint"].fingerprint


def test_every_engine_answers_benchmarks(
    copied: Path, workspace_at: Open, other_engine: dict[str, object]
) -> None:
    plain, other = workspace_at(copied), workspace_at(copied, engine=other_engine)
    (benchmark,) = plain.experiment.evaluation.benchmarks
    stage = BenchmarkScoresStage(benchmark=benchmark)
    places = [each.at("rlsd-s0", 0) for each in (plain, other)]
    scores = [stage.make(place) for place in places]
    first, second = (each.record(BenchmarkScore) for each in scores)
    assert (first.score, first.questions) == (second.score, second.questions)
    requests = [stage.request(place) for place in places]
    assert requests[0].fingerprint != requests[1].fingerprint
