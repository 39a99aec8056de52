"""A policy in bfloat16, trained by two processes: small updates add up as they do in one."""

from pathlib import Path

from tests.distributed.experiment import TWO_PROCESSES
from tests.rounded_policy import assert_small_updates_add_up, open_workspace, save_model, train


def test_small_updates_add_up_and_one_precision_scores_and_trains(tmp_path: Path) -> None:
    save_model(tmp_path / "model")
    sharded = TWO_PROCESSES | {"precision": "bfloat16"}
    base, *checkpoints = train(open_workspace(tmp_path, sharded), 2)
    assert_small_updates_add_up(base, checkpoints)
    # One process makes the same update of the same tables, and takes it for its own.
    (_, *here) = train(open_workspace(tmp_path, {"type": "local"}), 1)
    assert here[0].digest == checkpoints[0].digest
