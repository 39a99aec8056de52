"""A tiny experiment that runs in one process and on a Ray cluster alike."""

import gc
import os
from collections.abc import Callable, Iterator
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest
import torch

from rlsd_pipeline.artifacts import Artifact, ArtifactStore
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.progress import Silent
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.registry import ITERATION
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from tests.small_experiment import ATTRIBUTES

# Read when ray is imported: without it, a cluster at 127.0.0.1 is sought at another address of this
# machine.
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"

ray = pytest.importorskip("ray", reason="Ray is not installed: make test-ray")

ARM = "rlsd-s0"

STAGES: dict[str, Callable[[StageRun], Artifact]] = {
    stage.name: methodcaller("make", stage) for stage in ITERATION
}

DECLARED: dict[str, Any] = {
    "dataset": {**ATTRIBUTES["dataset"], "train_questions": 16, "test_questions": 10},
    "model": {**ATTRIBUTES["model"], "warm_start": {"steps": 3, "batch_size": 4}},
    "prompts": {
        "student": "{question}",
        "answer_reference": "{question} reference: {answer}",
    },
    # Eight pieces of sampling, and some of scoring.
    "engine": {"type": "transformers", "batch_prompts": 1},
    "sampling": {"prompts": 8, "group_size": 4, "max_prompt_tokens": 128, "max_tokens": 24},
    # A model that has learnt nothing often writes broken UTF-8. Rewarding that makes some of its
    # responses better than others, so that every update changes weights and optimizer.
    "verifier": {"type": "exact", "extraction": {"type": "last_line", "prefix": "\ufffd"}},
    "teacher": {"type": "synced", "every": 2},
    "update": {"learning_rate": 1e-3, "micro_batch_tokens": 400},
    "arms": [{"weighting": {"type": "rlsd"}}],
    "iterations": 2,
    "evaluation": {
        "benchmarks": [{"type": "heldout", "name": "sampled", "samples": 2, "temperature": 1.0}]
    },
}

RAY: dict[str, Any] = {"type": "ray", "workers": 2, "object_store_mb": 200}

Made = dict[tuple[int, str], Artifact]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Two workers on two cores; their threads are those of this process."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", autouse=True)
def disconnected() -> Iterator[None]:
    """No module meets the cluster of another."""
    yield
    gc.collect()
    ray.shutdown()


@pytest.fixture(scope="session")
def workspace_on() -> Callable[..., Workspace]:
    """Opens a workspace over a store; keywords change what is declared."""

    def workspace_on(store: Path | str, compute: dict[str, Any], **changes: Any) -> Workspace:
        declared = {**DECLARED, "compute": compute, **changes}
        experiment = ExperimentConfig.model_validate(declared)
        return Workspace("small", experiment, ArtifactStore(store), progress=Silent())

    return workspace_on


def run_stages(workspace: Workspace, iterations: int = 2) -> Made:
    """Whole iterations with an evaluation at the end, by iteration and stage."""
    made = {(0, "problems"): workspace.whole().make(ProblemsStage)}
    made[0, "policy"] = workspace.at(ARM, 0).make(PolicyStage)
    for iteration in range(iterations):
        for name, stage in STAGES.items():
            made[iteration, name] = stage(workspace.at(ARM, iteration))
    (benchmark,) = workspace.experiment.evaluation.benchmarks
    made[iterations, "scores"] = BenchmarkScoresStage(benchmark=benchmark).make(
        workspace.at(ARM, iterations)
    )
    return made


@pytest.fixture(scope="session")
def run_all() -> Callable[..., Made]:
    return run_stages


@pytest.fixture(scope="session")
def prepare() -> Callable[[Workspace], None]:
    """Makes what the first update reads."""

    def prepare(workspace: Workspace) -> None:
        workspace.whole().make(ProblemsStage)
        workspace.at(ARM, 0).make(PolicyStage)
        for name in ("rollouts", "rewards", "logprobs", "token_weights"):
            STAGES[name](workspace.at(ARM, 0))

    return prepare


@pytest.fixture(scope="session")
def alone(
    tmp_path_factory: pytest.TempPathFactory, workspace_on: Callable[..., Workspace]
) -> dict[tuple[int, str], str]:
    """The digests that one process gives."""
    workspace = workspace_on(tmp_path_factory.mktemp("alone"), {"type": "local"})
    return {key: artifact.digest for key, artifact in run_stages(workspace).items()}
