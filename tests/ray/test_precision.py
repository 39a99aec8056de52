"""A policy in bfloat16 on Ray: small updates add up as they do in one process."""

from pathlib import Path

import pytest
import torch

from schemas import PolicyCheckpoint
from tests.rounded_policy import moved, open_workspace, save_model, train, weights


@pytest.mark.parametrize("update_workers", [1, 2])
def test_small_updates_add_up_and_one_precision_scores_and_trains(
    tmp_path: Path, update_workers: int
) -> None:
    save_model(tmp_path / "model")
    compute = {
        "type": "ray",
        "workers": 2,
        "update_workers": update_workers,
        "object_store_mb": 200,
        "precision": "bfloat16",
    }
    base, *checkpoints = train(open_workspace(tmp_path, compute), 2)
    for checkpoint in checkpoints:
        assert {value.dtype for value in weights(checkpoint).values()} == {torch.float32}
        assert moved(base, checkpoint) > 0.99
        metrics = checkpoint.record(PolicyCheckpoint).metrics
        assert metrics["ratio_mean"] == pytest.approx(1.0, abs=1e-3)
        assert metrics["ratio_max"] == pytest.approx(1.0, abs=0.03)
