"""A checkpoint of some processes is gone on from by any other number of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.compute.job import UpdateJob, write_job
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.update.policy_update import UpdateGroup


def test_two_one_two_three(
    build: Callable[[str], Policy],
    make_groups: Callable[..., list[UpdateGroup]],
    make_job: Callable[..., UpdateJob],
    keep: Callable[..., Artifact],
    keep_update: Callable[..., Artifact],
    alone: Callable[..., Any],
    together: Callable[..., None],
    read: Callable[[Path], Any],
    far: Callable[..., float],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    # Several files of weights and of optimizer state.
    monkeypatch.setattr("rlsd_pipeline.models.weights.FILE_BYTES", 40_000)
    policy = build("qwen3_vl")
    first = keep(policy, name="start")
    job, straight, changing = make_job({"micro_batch_tokens": 300}), first, first
    for number, processes in enumerate([2, 0, 2, 3]):
        groups = make_groups(policy, ("token_advantages", "nll_weights"), seed=number)
        one = alone(straight, groups, job)
        if processes:
            folder = tmp_path / "jobs" / str(number) / "job"
            folder.mkdir(parents=True)
            write_job(folder, job, changing, groups)
            together(folder.parent, processes)
            several = read(folder)
        else:
            several = alone(changing, groups, job)
        straight = keep_update(one, first, f"straight {number}")
        changing = keep_update(several, first, f"changing {number}")
        assert sum(name.startswith("model-") for name in changing.manifest.files) > 1
        assert sum(name.startswith("optimizer-") for name in changing.manifest.files) > 1
    steps = [key for key in several.state if key.endswith("/step")]
    assert {several.state[key].item() for key in steps} == {4.0}
    assert far(one.weights, several.weights) < 1e-5
    assert far(one.state, several.state) < 1e-7
    assert far(dict(policy.model.named_parameters()), several.weights) > 5e-4
