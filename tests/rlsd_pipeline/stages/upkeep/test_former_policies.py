"""Scores whose policy was trained anew after they were made."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.upkeep.earlier import standing
from rlsd_pipeline.stages.upkeep.former_policies import (
    former_policy_notes,
    of_former_policies,
    outdated_notes,
)
from rlsd_pipeline.stages.workspace import Workspace

Open = Callable[..., Workspace]
RunAll = Callable[..., dict[tuple[str, int, str], Artifact]]

ARM = "grpo-s0"


@pytest.fixture
def scored(tmp_path: Path, workspace_at: Open, run_all: RunAll) -> Workspace:
    """Two updates, scored before and after each."""
    benchmark = {"type": "heldout", "name": "greedy"}
    workspace = workspace_at(tmp_path, evaluation={"every": 1, "benchmarks": [benchmark]})
    run_all(workspace, (ARM,), iterations=2)
    (declared,) = workspace.experiment.evaluation.benchmarks
    for updates in range(3):
        BenchmarkScoresStage(benchmark=declared).make(workspace.at(ARM, updates))
    return workspace


def test_scores_of_former_policies_are_named(scored: Workspace) -> None:
    arms = {arm: standing(scored, arm) for arm in scored.experiment.lineages()}
    assert of_former_policies(scored, arms) == {}
    assert outdated_notes(scored) == []
    run = scored.at(ARM, 0)
    other = scored.store.ref(run.reference("policy", 1))
    assert other is not None
    scored.store.set_ref(run.reference("policy", 2), other)
    assert of_former_policies(scored, arms) == {ARM: {"greedy": [2]}}
    (note,) = former_policy_notes(of_former_policies(scored, arms))
    assert note == (
        "grpo-s0: trained anew since it was scored on greedy; the scores after 2 updates are of "
        "former policies"
    )
    # Redoing an arm that is behind evaluates it as well.
    behind = {ARM: arms[ARM]._replace(current=1)}
    assert of_former_policies(scored, behind) == {}
