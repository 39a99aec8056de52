"""A small experiment whose verifier gives an untrained policy something to learn from."""

import hashlib
import shutil
from collections.abc import Callable
from operator import methodcaller
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import Artifact, ArtifactStore
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.registry import ITERATION
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from rlsd_pipeline.verifiers.verifier import Verification, Verifier
from schemas import Problem, Verdict
from tests.made_once import made_once
from tests.small_experiment import ATTRIBUTES

STAGES: dict[str, Callable[[StageRun], Artifact]] = {
    stage.name: methodcaller("make", stage) for stage in ITERATION
}

DECLARED = {
    "dataset": {**ATTRIBUTES["dataset"], "test_questions": 10},
    "model": {**ATTRIBUTES["model"], "warm_start": {"steps": 3, "batch_size": 4}},
    "prompts": {
        "student": "{question}",
        "answer_reference": "{question} reference: {answer}",
        "solution_reference": "{question} solution: {solution}",
        "sibling_reference": "{question} sibling: {sibling}",
        "feedback_reference": "{question} feedback: {feedback}",
    },
    "sampling": {"prompts": 4, "group_size": 4, "max_prompt_tokens": 128, "max_tokens": 12},
    "teacher": {"type": "synced", "every": 2},
    "update": {"learning_rate": 1e-3},
    "arms": [
        {"weighting": {"type": "grpo"}},
        {"weighting": {"type": "rlsd", "decay": 4}},
        {"name": "live", "weighting": {"type": "rlsd"}, "teacher": {"type": "live"}},
    ],
    "iterations": 4,
    "evaluation": {
        "benchmarks": [{"type": "heldout", "name": "sampled", "samples": 2, "temperature": 1.0}]
    },
}


class Coin(Verifier):
    """Judges a response by the digest of its text, and fails on some: heads is correct."""

    errors: bool = False

    def judge(self, completion: str, problem: Problem) -> Verification:
        if completion == self.extraction.render(problem.answer):
            return Verification(Verdict.CORRECT, problem.answer, None)
        side = hashlib.sha256(f"{problem.problem_id}/{completion}".encode()).digest()[0]
        if self.errors and side % 4 == 0:
            return Verification(Verdict.VERIFIER_ERROR, None, "it broke")
        return Verification(Verdict.CORRECT if side % 2 else Verdict.INCORRECT, "coin", None)


@pytest.fixture(scope="session")
def stages() -> dict[str, Callable[[StageRun], Artifact]]:
    """The stages of an iteration by name, in order."""
    return STAGES


@pytest.fixture(scope="session")
def coin() -> type[Coin]:
    return Coin


@pytest.fixture(scope="session")
def workspace_at() -> Callable[..., Workspace]:
    """Opens a workspace over a store; keywords change what is declared."""

    def workspace_at(store: Path, **changes: object) -> Workspace:
        experiment = ExperimentConfig.model_validate({**DECLARED, **changes})
        workspace = Workspace("small", experiment, ArtifactStore(store))
        workspace.verifier = Coin()
        return workspace

    return workspace_at


@pytest.fixture(scope="session")
def run_all() -> Callable[..., dict[tuple[str, int, str], Artifact]]:
    """Runs whole iterations; returns the artifacts by arm, iteration and stage."""

    def run_all(
        workspace: Workspace, arms: tuple[str, ...], iterations: int = 2
    ) -> dict[tuple[str, int, str], Artifact]:
        made = {("", 0, "problems"): workspace.whole().make(ProblemsStage)}
        for arm in arms:
            made[arm, 0, "policy"] = workspace.at(arm, 0).make(PolicyStage)
            for iteration in range(iterations):
                for name, stage in STAGES.items():
                    made[arm, iteration, name] = stage(workspace.at(arm, iteration))
        return made

    return run_all


@pytest.fixture(scope="session")
def ran(
    tmp_path_factory: pytest.TempPathFactory,
    workspace_at: Callable[..., Workspace],
    run_all: Callable[..., dict],
) -> tuple[Path, dict[tuple[str, int, str], Artifact]]:
    """Two iterations of three arms in a store that no test may change."""
    arms = ("grpo-s0", "rlsd-s0", "live-s0")

    def run(store: Path) -> dict[tuple[str, int, str], Artifact]:
        return run_all(workspace_at(store), arms)

    store = made_once(tmp_path_factory, "ran", run)
    return store, run(store)


@pytest.fixture
def copied(ran: tuple[Path, dict], tmp_path: Path) -> Path:
    """A copy of that store, to be changed."""
    return Path(shutil.copytree(ran[0], tmp_path / "copied"))
