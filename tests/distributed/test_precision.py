"""A policy in bfloat16, trained by two processes: small updates add up as they do in one."""

from pathlib import Path

import pytest
import torch

from schemas import PolicyCheckpoint
from tests.distributed.experiment import TWO_PROCESSES
from tests.rounded_policy import moved, open_workspace, save_model, train, weights


def test_small_updates_add_up_and_one_precision_scores_and_trains(tmp_path: Path) -> None:
    save_model(tmp_path / "model")
    sharded = TWO_PROCESSES | {"precision": "bfloat16"}
    base, *checkpoints = train(open_workspace(tmp_path, sharded), 2)
    for checkpoint in checkpoints:
        assert {value.dtype for value in weights(checkpoint).values()} == {torch.float32}
        assert moved(base, checkpoint) > 0.99
        metrics = checkpoint.record(PolicyCheckpoint).metrics
        # The processes divide the responses otherwise than scoring did, which rounds otherwise.
        assert metrics["ratio_mean"] == pytest.approx(1.0, abs=1e-3)
        assert metrics["ratio_max"] == pytest.approx(1.0, abs=0.03)
    # One process makes the same update of the same tables, and takes it for its own.
    (_, *here) = train(open_workspace(tmp_path, {"type": "local"}), 1)
    assert here[0].digest == checkpoints[0].digest
