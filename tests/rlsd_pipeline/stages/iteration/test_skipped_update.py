"""Iterations in which no response is right: nothing is learnt, and everything goes on."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.compute.multi_process_update import MultiProcessUpdate
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.report.collected.recordings import moments
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.skipped_update import level
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.verifiers.verifier import Verification, Verifier
from schemas import (
    PolicyCheckpoint,
    Problem,
    TokenLogprobs,
    TokenWeights,
    Verdict,
    WeightingComparison,
)

Made = dict[tuple[str, int, str], Artifact]
JSD = {"type": "jsd", "top_k": 5}
ARMS = [
    {"name": "sdpo", "weighting": {"type": "sdpo", "divergence": JSD}},
    {"name": "drawn", "weighting": {"type": "sdpo", "divergence": {"type": "sampled"}}},
    {"weighting": {"type": "grpo"}},
]


class Strict(Verifier):
    """Accepts no response of a policy, except where it is told to."""

    accepts: bool = False

    def judge(self, completion: str, problem: Problem) -> Verification:
        gold = completion == self.extraction.render(problem.answer)
        if gold or (self.accepts and len(completion) % 2):
            return Verification(Verdict.CORRECT, "x", None)
        return Verification(Verdict.INCORRECT, "x", None)

    def format_ok(self, completion: str) -> bool:
        return False


@pytest.fixture(scope="module")
def workspace(
    tmp_path_factory: pytest.TempPathFactory, workspace_at: Callable[..., Workspace]
) -> Workspace:
    made = workspace_at(tmp_path_factory.mktemp("skipped"), arms=ARMS)
    made.verifier = Strict()
    return made


@pytest.fixture(scope="module")
def made(workspace: Workspace, run_all: Callable[..., Made]) -> Made:
    return run_all(workspace, ("sdpo-s0", "drawn-s0", "grpo-s0"), iterations=2)


def weights(checkpoint: Artifact) -> Path:
    return checkpoint.local_path("model.safetensors")


@pytest.mark.parametrize("arm", ["sdpo-s0", "drawn-s0", "grpo-s0"])
def test_the_policy_stays_and_the_iterations_go_on(made: Made, arm: str) -> None:
    base = made[arm, 0, "policy"]
    for iteration in (0, 1):
        checkpoint = made[arm, iteration, "policy_checkpoint"]
        record = checkpoint.record(PolicyCheckpoint)
        assert weights(checkpoint).read_bytes() == weights(base).read_bytes()
        assert record.updates == iteration + 1
        assert record.metrics == {
            "loss": 0.0,
            "grad_norm": 0.0,
            "optimizer_steps": 0.0,
            "skipped_updates": iteration + 1.0,
        }
        assert record.optimizer_files == []


def test_the_teacher_of_nothing_scored_nothing(made: Made) -> None:
    table = made["sdpo-s0", 0, "logprobs"].table(TokenLogprobs)
    assert table["teacher_logprobs"].null_count == len(table)
    weighed = made["sdpo-s0", 0, "token_weights"].table(TokenWeights)
    assert not any(any(row) for row in weighed["distillation_weights"].to_pylist())


def test_several_processes_are_not_even_started(
    workspace: Workspace, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    for compute in ({"type": "torchrun", "device": "cpu"}, {"type": "ray"}):
        declared = workspace.experiment.model_dump() | {"compute": compute}
        spread = Workspace("small", ExperimentConfig.model_validate(declared), workspace.store)
        monkeypatch.setattr(MultiProcessUpdate, "__call__", lambda *_: pytest.fail("started"))
        found = spread.at("sdpo-s0", 1, recompute=True).make(PolicyCheckpointStage)
        assert found.digest == made["sdpo-s0", 1, "policy_checkpoint"].digest


def test_comparisons_and_curves_go_on(workspace: Workspace, made: Made) -> None:
    for arm in ("sdpo-s0", "grpo-s0"):
        compared = workspace.at(arm, 0).make(WeightingComparisonStage).record(WeightingComparison)
        assert compared.signal_tokens == 0
        assert [moment.grad_norm for moment in moments(workspace, arm)[:2]] == [0.0, 0.0]


def test_it_is_said_and_counted_and_training_goes_on_once_something_is_right(
    workspace: Workspace,
    made: Made,
    stages: dict[str, Callable[..., Artifact]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, stage in stages.items():
        if name == "policy_checkpoint":
            with caplog.at_level(logging.WARNING):
                stage(workspace.at("sdpo-s0", 2))
        else:
            stage(workspace.at("sdpo-s0", 2))
    (said,) = caplog.messages
    assert said.startswith("sdpo-s0, iteration 2: no token carries signal")
    assert "3 of 3 updates were skipped" in said
    workspace.verifier = Strict(accepts=True)
    for stage in stages.values():
        trained = stage(workspace.at("sdpo-s0", 3))
    metrics = trained.record(PolicyCheckpoint).metrics
    assert (metrics["skipped_updates"], metrics["optimizer_steps"]) == (3.0, 1.0)
    base = load_file(weights(made["sdpo-s0", 0, "policy"]))
    moved = load_file(weights(trained))
    assert any(not moved[name].equal(value) for name, value in base.items())


def test_a_long_training_warns_ever_more_rarely() -> None:
    warned = [count for count in range(1, 600) if level(count) == logging.WARNING]
    assert warned == [1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512]
