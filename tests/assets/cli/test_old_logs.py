"""What `rlsd gc` counts of Dagster's history, and what it takes from it."""

import time
from pathlib import Path

import dagster as dg
from dagster._core.test_utils import create_run_for_test

from assets.cli.loop import open_instance
from assets.cli.old_logs import delete_logs, local_history

KEY = dg.AssetKey(["small", "problems"])


def log_of(home: Path, run: dg.DagsterRun) -> Path:
    return home / "dagster" / "history" / "runs" / f"{run.run_id}.db"


def begin(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """A run that has begun, and has a log."""
    run = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)
    instance.report_engine_event("begun", run)
    return run


def test_logs_of_ended_runs_go_and_what_they_made_stays(home: Path) -> None:
    with open_instance() as instance:
        ended, running = begin(instance), begin(instance)
        instance.report_runless_asset_event(dg.AssetMaterialization(KEY))
        instance.report_run_failed(ended)
        assert local_history(instance, time.time() - 60).old == []

        history = local_history(instance, time.time() + 60)
        assert history.old == [log_of(home, ended)]
        assert history.runs >= 2
        assert history.events >= 1
        assert 0 < history.old_size < history.size

        delete_logs(history)
        assert not log_of(home, ended).exists()
        assert log_of(home, running).exists()
    with open_instance() as instance:
        assert instance.get_run_by_id(ended.run_id).status is dg.DagsterRunStatus.FAILURE
        assert instance.get_latest_materialization_event(KEY) is not None
        # Its page is empty, and can be opened.
        assert instance.all_logs(ended.run_id) == []


def test_a_home_without_a_history_has_nothing_to_delete(home: Path) -> None:
    with open_instance() as instance:
        (home / "dagster" / "history" / "runs" / "index.db").unlink(missing_ok=True)
        assert local_history(instance, time.time()) is None
