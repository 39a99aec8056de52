"""The runs that kept connections write, and the instance that ticks share."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.utils import make_new_run_id

from assets.kept_instance import instance_of
from assets.kept_storage import LocalRunStorage


def test_stock_and_kept_connections_see_each_others_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    ours = LocalRunStorage.from_config_value(None, {})
    theirs = SqliteRunStorage.from_local(str(tmp_path / "history"))
    run = dg.DagsterRun(job_name="small_train", run_id=make_new_run_id())
    ours.add_run(run)
    assert theirs.get_runs() == [run]
    theirs.add_run_tags(run.run_id, {"updates": "1 of 3"})
    assert [each.tags for each in ours.get_runs()] == [{"updates": "1 of 3"}]
    ours.dispose()
    assert [each.tags for each in ours.get_runs()] == [{"updates": "1 of 3"}]


def test_ticks_of_one_instance_open_it_once(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        first, second = (
            instance_of(dg.SensorEvaluationContext(instance.get_ref(), repository_name="any"))
            for _ in range(2)
        )
        assert first is second
        assert first is not instance
        assert instance_of(dg.build_sensor_context(instance=instance)) is instance
