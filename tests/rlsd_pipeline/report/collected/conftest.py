"""A small experiment that has done everything a report can show, in a store to be read only."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.stages.comparison import gradient_comparison, lookahead
from rlsd_pipeline.stages.comparison.gradient_comparison import GradientComparisonStage
from rlsd_pipeline.stages.comparison.information_gap import InformationGapStage
from rlsd_pipeline.stages.comparison.lookahead import look_ahead
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.registry import ITERATION
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.rlsd import RLSD
from tests.made_once import made_once
from tests.small_experiment import ATTRIBUTES

DECLARED = {
    "description": "Two methods, two updates.",
    "dataset": {**ATTRIBUTES["dataset"], "train_questions": 8},
    "model": ATTRIBUTES["model"],
    "prompts": {
        "student": "{question}",
        "answer_reference": "{question} reference: {answer}",
        "sibling_reference": "{question} sibling: {sibling}",
    },
    "sampling": {"prompts": 4, "group_size": 4, "max_prompt_tokens": 128, "max_tokens": 12},
    # What an untrained model often writes, so that some responses are better than others.
    "verifier": {"type": "exact", "extraction": {"type": "last_line", "prefix": "\ufffd"}},
    "teacher": {"type": "frozen"},
    "update": {"learning_rate": 1e-3},
    "arms": [{"weighting": {"type": "grpo"}}, {"weighting": {"type": "rlsd", "decay": 4}}],
    "iterations": 2,
    "evaluation": {
        "benchmarks": [
            {"type": "heldout", "name": "sampled", "samples": 2, "temperature": 1.0},
            {"type": "heldout", "name": "greedy"},
        ]
    },
}
GRADIENTS = {"grpo": GRPO(), "rlsd": RLSD(decay=4)}

Open = Callable[[Path], Workspace]


@pytest.fixture(scope="session")
def open_store() -> Open:
    """Opens the small experiment over a store."""

    def open_store(store: Path) -> Workspace:
        return Workspace("small", ExperimentConfig.model_validate(DECLARED), ArtifactStore(store))

    return open_store


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, open_store: Open) -> Path:
    """Trained, evaluated, compared, looked ahead and measured; no test may change it."""
    return made_once(tmp_path_factory, "finished", lambda store: _finish(open_store(store)))


def _finish(workspace: Workspace) -> None:
    workspace.whole().make(ProblemsStage)
    for arm in ("grpo-s0", "rlsd-s0"):
        workspace.at(arm, 0).make(PolicyStage)
        for iteration in range(2):
            for stage in ITERATION:
                workspace.at(arm, iteration).make(stage)
        for updates in range(3):
            for benchmark in workspace.experiment.evaluation.benchmarks:
                BenchmarkScoresStage(benchmark=benchmark).make(workspace.at(arm, updates))
    run = workspace.at("rlsd-s0", 0)
    run.make(WeightingComparisonStage)
    run.make(InformationGapStage)
    with pytest.MonkeyPatch.context() as monkeypatch:
        # Two of the methods: the report has to show what it has beside what it lacks.
        for module in (gradient_comparison, lookahead):
            monkeypatch.setattr(module, "compared_methods", lambda _: GRADIENTS)
        run.make(GradientComparisonStage)
        look_ahead(run, workspace.experiment.evaluation.benchmarks[0])


@pytest.fixture
def workspace(finished: Path, open_store: Open) -> Workspace:
    return open_store(finished)
