from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.update_groups import minibatch_seed
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint


@pytest.fixture
def workspace(tmp_path: Path, workspace_at: Callable[..., Workspace]) -> Workspace:
    arms = [
        {"weighting": {"type": "grpo"}, "seeds": [0, 1]},
        {"weighting": {"type": "rlsd"}, "seeds": [0, 1]},
    ]
    update = {"learning_rate": 1e-3, "prompts_per_step": 1}
    return workspace_at(tmp_path / "store", arms=arms, update=update)


def test_the_order_of_minibatches_is_the_seeds_and_the_iterations(workspace: Workspace) -> None:
    seeds = {
        (method, arm, iteration): minibatch_seed(workspace.at(f"{method}-s{arm}", iteration))
        for method in ("grpo", "rlsd")
        for arm in (0, 1)
        for iteration in (0, 1)
    }
    assert len(set(seeds.values())) == 4
    for (_, arm, iteration), seed in seeds.items():
        assert seed == seeds["grpo", arm, iteration]


def test_an_update_says_by_which_seeds_it_was_ordered(
    workspace: Workspace, stages: dict[str, Callable]
) -> None:
    workspace.whole().make(ProblemsStage)
    run = workspace.at("grpo-s1", 0)
    run.make(PolicyStage)
    for stage in stages.values():
        trained = stage(run)
    assert trained.manifest.seeds == {"arm": 1, "iteration": 0}
    assert trained.record(PolicyCheckpoint).metrics["optimizer_steps"] == 4.0
