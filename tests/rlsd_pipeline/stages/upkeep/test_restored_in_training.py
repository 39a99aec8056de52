"""An arm that begins once another one has lost the checkpoints that both share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.errors import CollectedError
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.upkeep.retention import retain
from rlsd_pipeline.stages.workspace import Workspace

RLSD = {"type": "rlsd"}
DECLARED: dict[str, Any] = {
    "arms": [
        {"name": "first", "weighting": RLSD, "teacher": {"type": "frozen"}},
        {"name": "later", "weighting": RLSD, "teacher": {"type": "live"}},
    ],
    "evaluation": {"every": 100, "benchmarks": [{"type": "heldout", "name": "greedy"}]},
    "iterations": 3,
}
AVERAGE = {"type": "ema", "rate": 0.5}
AVERAGED: dict[str, Any] = DECLARED | {
    "arms": [
        {"name": "first", "weighting": RLSD | {"decay": 2}, "teacher": AVERAGE},
        {"name": "later", "weighting": RLSD | {"decay": 4}, "teacher": AVERAGE},
    ]
}
AGAIN = "001 of later-s0 is computed again:"


def digests(made: dict, arm: str) -> dict:
    return {place: artifact.digest for place, artifact in made.items() if place[0] == arm}


@pytest.fixture
def begun(
    tmp_path: Path, workspace_at: Callable[..., Workspace], run_all: Callable[..., dict]
) -> Callable[..., Callable[[], Workspace]]:
    """Trains the first arm with a retention; then opens the store with both arms declared."""

    def begun(declared: dict[str, Any], every: int) -> Callable[[], Workspace]:
        retention = {"checkpoints": {"every": every}, "in_training": 3}

        def opened(**changes: Any) -> Workspace:
            kept = declared | {"retention": retention} | changes
            return workspace_at(tmp_path / "retained", **kept)

        first = opened(arms=declared["arms"][:1])
        run_all(first, ("first-s0",), 3)
        assert retain(first.at("first-s0", 2)) > 0
        return opened

    return begun


@pytest.mark.parametrize(
    ("declared", "every", "said"),
    [
        (DECLARED, 1, [f"policy {AGAIN} its optimizer state had been deleted"]),
        (DECLARED, 100, [f"policy {AGAIN} its optimizer state and weights had been deleted"]),
        (
            AVERAGED,
            100,
            [
                f"policy {AGAIN} its optimizer state and weights had been deleted",
                f"teacher {AGAIN} its weights had been deleted",
            ],
        ),
    ],
    ids=["optimizer", "weights", "average"],
)
def test_a_later_arm_trains_as_if_nothing_had_been_deleted(
    declared: dict[str, Any],
    every: int,
    said: list[str],
    tmp_path: Path,
    workspace_at: Callable[..., Workspace],
    run_all: Callable[..., dict],
    begun: Callable[..., Callable[[], Workspace]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    plain = run_all(workspace_at(tmp_path / "plain", **declared), ("first-s0", "later-s0"), 3)
    opened = begun(declared, every)
    caplog.clear()
    later = run_all(opened(), ("later-s0",), 3)
    assert caplog.messages == said
    assert digests(later, "later-s0") == digests(plain, "later-s0")
    # The arms went apart in the iteration that the deleted policy began.
    shared = [plain[arm, 0, "policy_checkpoint"].digest for arm in ("first-s0", "later-s0")]
    assert shared[0] == shared[1]
    assert later["later-s0", 1, "policy_checkpoint"].digest != (
        plain["first-s0", 1, "policy_checkpoint"].digest
    )


def test_what_cannot_be_computed_again_says_so(
    begun: Callable[..., Callable[[], Workspace]],
    run_all: Callable[..., dict],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = begun(DECLARED, 1)
    monkeypatch.setattr(
        "rlsd_pipeline.models.weights.save_file",
        lambda state, path: path.write_bytes(b"another result"),
    )
    with pytest.raises(
        CollectedError,
        match=r"optimizer\.safetensors of policy_checkpoint .* was deleted to save room on .*"
        r"That was tried: .* cannot be restored: it was",
    ):
        run_all(opened(), ("later-s0",))


def test_an_evaluation_computes_no_policy_again(
    begun: Callable[..., Callable[[], Workspace]],
) -> None:
    workspace = begun(DECLARED, 100)()
    benchmark = workspace.experiment.evaluation.benchmarks[0]
    with pytest.raises(CollectedError, match="rlsd restore EXPERIMENT"):
        BenchmarkScoresStage(benchmark=benchmark).make(workspace.at("first-s0", 1))
