"""`examples/swapped_stage`: rollouts that another trainer wrote."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.errors import ComponentError
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.registry import ITERATION
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from schemas import PolicyCheckpoint, Reward, Rollout

Small = Callable[..., Workspace]
KEPT = ("dataset", "sampling", "prompts", "verifier")


@pytest.fixture
def begun(small: Small) -> Callable[[], StageRun]:
    """The first iteration of the example; called again, of what its folder then holds."""

    def begun() -> StageRun:
        workspace = small("swapped_stage", keep=KEPT)
        workspace.whole().make(ProblemsStage)
        run = workspace.at("rlsd-s0", 0)
        run.make(PolicyStage)
        return run

    return begun


def test_the_policy_learns_from_what_another_trainer_wrote(begun: Callable[[], StageRun]) -> None:
    run = begun()
    made = {stage.name: run.make(stage) for stage in ITERATION}
    rollouts = made["rollouts"].table(Rollout).to_pydict()
    assert rollouts["completion"][2:4] == [
        "<answer>rectangle</answer>",
        "<answer>circle</answer>",
    ]
    rewards = made["rewards"].table(Reward).to_pydict()
    assert (
        rewards["verdict"]
        == ["correct", "incorrect"] * 2 + ["incorrect", "correct"] + ["correct"] * 2
    )
    metrics = made["policy_checkpoint"].record(PolicyCheckpoint).metrics
    assert metrics["optimizer_steps"] == 1
    # It was not sampled by the engine that trains, so its tokens are weighed by their ratio.
    assert metrics["engine_ratio_mean"] == pytest.approx(1.0, abs=1e-3)


def test_changed_responses_and_changed_code_are_computed_anew(
    begun: Callable[[], StageRun], tmp_path: Path
) -> None:
    begun().make(RolloutsStage)
    assert begun().make(RolloutsStage).cache_hit
    for name in ("responses.jsonl", "rollouts.py"):
        file = tmp_path / "swapped_stage" / name
        text = file.read_text()
        file.write_text(text.replace("circle<", "square<") + "\n" * (name == "rollouts.py"))
        assert not begun().make(RolloutsStage).cache_hit


def test_a_mistake_in_the_code_is_told_with_its_line(
    begun: Callable[[], StageRun], tmp_path: Path
) -> None:
    begun()
    file = tmp_path / "swapped_stage" / "rollouts.py"
    file.write_text(file.read_text().replace('row["responses"]', 'row["answers"]'))
    with pytest.raises(ComponentError, match=r"rlsd-s0 at iteration 000.*KeyError.*line 30"):
        begun().make(RolloutsStage)
