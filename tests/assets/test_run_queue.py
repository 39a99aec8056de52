"""Which runs move an arm on, and so go one after the other."""

import dagster as dg
import pytest

from assets.run_queue import lane

PARTITION = "dagster/partition"
RANGE = "dagster/asset_partition_range_start"


@pytest.mark.parametrize(
    ("job", "stages", "tags", "expected"),
    [
        ("easy_vqa_train", (), {PARTITION: "rlsd-s0"}, "easy_vqa/rlsd-s0"),
        ("easy_vqa_iteration", (), {PARTITION: "rlsd-s0|003"}, "easy_vqa/rlsd-s0"),
        ("__ASSET_JOB", ("rollouts",), {PARTITION: "rlsd-s0|003"}, "easy_vqa/rlsd-s0"),
        ("__ASSET_JOB", ("rewards", "logprobs"), {RANGE: "grpo-s1|003"}, "easy_vqa/grpo-s1"),
        # These move nothing on, and wait for no training.
        ("easy_vqa_evaluate", (), {PARTITION: "rlsd-s0|003"}, None),
        ("__ASSET_JOB", ("benchmark_scores",), {PARTITION: "rlsd-s0|003"}, None),
        ("__ASSET_JOB", ("token_values",), {PARTITION: "rlsd-s0|003"}, None),
        ("__ASSET_JOB", ("problems",), {}, None),
    ],
)
def test_runs_that_train_an_arm_share_its_lane(
    job: str, stages: tuple[str, ...], tags: dict[str, str], expected: str | None
) -> None:
    selection = frozenset(dg.AssetKey(["easy_vqa", stage]) for stage in stages) or None
    run = dg.DagsterRun(job_name=job, tags=tags, asset_selection=selection)
    assert lane(run) == expected


def test_arms_of_one_name_in_two_experiments_do_not_wait_for_each_other() -> None:
    lanes = {
        lane(dg.DagsterRun(job_name=f"{name}_train", tags={PARTITION: "rlsd-s0"}))
        for name in ("easy_vqa", "reproduction")
    }
    assert len(lanes) == 2
