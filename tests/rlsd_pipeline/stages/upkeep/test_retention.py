"""What a retention drops, that training goes on from what is left, and that it can come back."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.artifacts.garbage import collect, plan
from rlsd_pipeline.artifacts.inventory import take_inventory
from rlsd_pipeline.config.retention import CheckpointRetention, RetentionConfig
from rlsd_pipeline.errors import ArtifactError, CollectedError
from rlsd_pipeline.models.weights import OPTIMIZER, WEIGHTS
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.upkeep.restore import missing_updates, restore_policy
from rlsd_pipeline.stages.upkeep.retention import KEPT_WITH_INPUTS, Retained, droppable, retain
from rlsd_pipeline.stages.workspace import Workspace

LATER = 1e12
ARMS = {
    "synced": {"type": "synced", "every": 2},
    "frozen": {"type": "frozen"},
    "ema": {"type": "ema", "rate": 0.5},
    "live": {"type": "live"},
}
DECLARED: dict[str, Any] = {
    "arms": [
        {"name": name, "weighting": {"type": "rlsd"}, "teacher": teacher}
        for name, teacher in ARMS.items()
    ],
    "evaluation": {"every": 100, "benchmarks": [{"type": "heldout", "name": "greedy"}]},
    "iterations": 4,
}
NEWEST = 3
LEAST = RetentionConfig(optimizer="newest", checkpoints=CheckpointRetention(every=100))


@pytest.fixture(scope="module")
def three(
    tmp_path_factory: pytest.TempPathFactory,
    workspace_at: Callable[..., Workspace],
    run_all: Callable[..., dict],
) -> Path:
    """Three of four iterations of four arms, each with a teacher of its own."""
    store = tmp_path_factory.mktemp("three") / "store"
    run_all(workspace_at(store, **DECLARED), tuple(f"{name}-s0" for name in ARMS), NEWEST)
    return store


@pytest.fixture
def store(three: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(three, tmp_path / "store"))


def collect_garbage(workspace: Workspace, retention: RetentionConfig = LEAST) -> int:
    storage = workspace.store.storage
    inventory = take_inventory(storage)
    kept = {workspace.name: Retained(workspace.experiment, retention)}
    drops = droppable(storage, inventory, kept)
    removals = plan(storage, inventory, drops, LATER, KEPT_WITH_INPUTS)
    planned = sum(removal.size for removal in removals)
    assert collect(storage, removals, LATER) == planned
    return planned


def policies(workspace: Workspace, arm: str) -> list[Artifact]:
    return [workspace.at(f"{arm}-s0", k).read("policy") for k in range(NEWEST + 1)]


def without(artifacts: list[Artifact], name: str) -> list[int]:
    return [k for k, artifact in enumerate(artifacts) if name in artifact.collected]


def test_what_coming_iterations_need_is_kept(
    store: Path, workspace_at: Callable[..., Workspace]
) -> None:
    workspace = workspace_at(store, **DECLARED)
    before = sum(file.size for file in workspace.store.storage.listing(""))
    freed = collect_garbage(workspace)
    after = sum(file.size for file in workspace.store.storage.listing(""))
    assert 0 < before - after <= freed
    for arm in ARMS:
        # The base has no optimizer state, and the newest keeps its own.
        assert without(policies(workspace, arm), OPTIMIZER) == [1, 2], arm
    weights = {arm: without(policies(workspace, arm), WEIGHTS) for arm in ARMS}
    # Iteration 3 is taught by policy 2 where the teacher follows every second one. Until then a
    # frozen teacher is the same, so that arm's policy 2 is the very artifact that is kept.
    assert weights == {
        "synced": [1],
        "frozen": [1],
        "ema": [1, 2],
        "live": [1, 2],
    }
    averages = [workspace.at("ema-s0", k).read("teacher") for k in range(NEWEST)]
    assert without(averages, WEIGHTS) == [1]
    assert collect_garbage(workspace) == 0


def test_training_goes_on_as_if_nothing_had_been_collected(
    store: Path, three: Path, tmp_path: Path, workspace_at: Callable[..., Workspace], stages: Any
) -> None:
    collect_garbage(workspace_at(store, **DECLARED))
    whole = Path(shutil.copytree(three, tmp_path / "whole"))
    made: list[list[str]] = []
    for place in (store, whole):
        # A workspace of its own has no policy in memory.
        workspace = workspace_at(place, **DECLARED)
        made.append(
            [
                stage(workspace.at(f"{arm}-s0", NEWEST)).digest
                for arm in ARMS
                for stage in stages.values()
            ]
        )
    assert made[0] == made[1]


def test_retention_in_training_concerns_its_arm_alone(
    store: Path, workspace_at: Callable[..., Workspace]
) -> None:
    declared = {"optimizer": "newest", "checkpoints": {"every": 100}, "in_training": 3}
    workspace = workspace_at(store, **DECLARED, retention=declared)
    assert retain(workspace.at("ema-s0", 0)) == retain(workspace.at("ema-s0", 1)) == 0
    before = sum(file.size for file in workspace.store.storage.listing(""))
    freed = retain(workspace.at("ema-s0", 2))
    after = sum(file.size for file in workspace.store.storage.listing(""))
    assert 0 < before - after <= freed
    assert without(policies(workspace, "ema"), WEIGHTS) == [1, 2]
    assert without(policies(workspace, "ema"), OPTIMIZER) == [1, 2]
    averages = [workspace.at("ema-s0", k).read("teacher") for k in range(NEWEST)]
    assert without(averages, WEIGHTS) == [1]
    # Policy 1 is one artifact in all arms, since all are taught by the base first; its own policies
    # are all that an arm loses.
    for arm in ("synced", "frozen", "live"):
        assert without(policies(workspace, arm), OPTIMIZER) == [1], arm
    assert retain(workspace.at("ema-s0", 2)) == 0


def test_what_nobody_asked_to_drop_in_training_stays(
    store: Path, workspace_at: Callable[..., Workspace]
) -> None:
    workspace = workspace_at(store, **DECLARED, retention={"checkpoints": {"every": 100}})
    assert [retain(workspace.at("live-s0", k)) for k in range(NEWEST)] == [0] * NEWEST
    assert without(policies(workspace, "live"), WEIGHTS) == []


def test_every_nth_and_what_is_due_to_be_evaluated_keep_their_weights(
    store: Path, workspace_at: Callable[..., Workspace]
) -> None:
    every = {**DECLARED["evaluation"], "every": 2}
    workspace = workspace_at(store, **{**DECLARED, "evaluation": every})
    benchmark = workspace.experiment.evaluation.benchmarks[0]
    retention = RetentionConfig(optimizer="all", checkpoints=CheckpointRetention(every=4))
    collect_garbage(workspace, retention)
    found = policies(workspace, "live")
    assert without(found, OPTIMIZER) == []
    assert without(found, WEIGHTS) == [1]
    score = BenchmarkScoresStage(benchmark=benchmark).make(workspace.at("live-s0", 2))
    collect_garbage(workspace, retention)
    assert without(policies(workspace, "live"), WEIGHTS) == [1, 2]
    assert workspace.at("live-s0", 2).read("benchmark_scores.greedy").digest == score.digest
    # What the policy answered is kept, though no reference names it.
    again = BenchmarkScoresStage(benchmark=benchmark).make(
        workspace.at("live-s0", 2, recompute=False)
    )
    assert again.cache_hit
    answers = [a for a in take_inventory(workspace.store.storage).artifacts if "responses" in a]
    assert len(answers) == 1


def test_a_file_that_another_reference_needs_is_kept(
    store: Path, workspace_at: Callable[..., Workspace]
) -> None:
    workspace = workspace_at(store, **DECLARED)
    shared = workspace.at("live-s0", 1).read("policy")
    workspace.store.set_ref("another/live-s0/001/policy", shared)
    collect_garbage(workspace)
    assert without(policies(workspace, "live"), WEIGHTS) == [2]
    assert without(policies(workspace, "live"), OPTIMIZER) == [2]


def test_what_was_collected_says_so_and_is_restored_to_the_same_bytes(
    store: Path, three: Path, workspace_at: Callable[..., Workspace]
) -> None:
    workspace = workspace_at(store, **DECLARED)
    collect_garbage(workspace)
    with pytest.raises(CollectedError, match=r"model\.safetensors of policy_checkpoint .* deleted"):
        workspace.pool.get(workspace.at("live-s0", 2).read("policy"))

    workspace = workspace_at(store, **DECLARED)
    policy = workspace.at("live-s0", 2)
    assert missing_updates(policy) == range(0, 2)
    restored = restore_policy(policy)
    assert dict(restored.collected) == {}
    whole = workspace_at(three, **DECLARED).at("live-s0", 2).read("policy")
    assert restored.digest == whole.digest
    for name in (WEIGHTS, OPTIMIZER):
        assert restored.local_path(name).read_bytes() == whole.local_path(name).read_bytes()
    assert without(policies(workspace, "live"), WEIGHTS) == []
    assert missing_updates(policy) == range(2, 2)


def test_another_result_is_not_put_in_the_place_of_what_was_collected(
    store: Path, workspace_at: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = workspace_at(store, **DECLARED)
    collect_garbage(workspace)
    before = workspace.store.storage.listing("policy_checkpoint")
    monkeypatch.setattr(
        "rlsd_pipeline.models.weights.save_file",
        lambda state, path: path.write_bytes(b"another result"),
    )
    with pytest.raises(
        ArtifactError, match=r"optimizer\.safetensors .* cannot be restored: it was"
    ):
        restore_policy(workspace.at("live-s0", 1))
    assert workspace.store.storage.listing("policy_checkpoint") == before


def test_a_policy_of_another_experiment_is_not_restored(
    store: Path, workspace_at: Callable[..., Workspace]
) -> None:
    collect_garbage(workspace_at(store, **DECLARED))
    changed = workspace_at(store, **{**DECLARED, "update": {"learning_rate": 5e-3}})
    with pytest.raises(ArtifactError, match="trained by another declaration"):
        restore_policy(changed.at("live-s0", 1))
