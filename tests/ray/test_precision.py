"""A policy in bfloat16 on Ray: small updates add up as they do in one process."""

from pathlib import Path

import pytest

from tests.rounded_policy import assert_small_updates_add_up, open_workspace, save_model, train


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
    assert_small_updates_add_up(base, checkpoints)
