"""The event log that keeps its index open: several writers, and stock readers of its files."""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from queue import Queue

import dagster as dg
import pytest
from dagster._core.events import StepMaterializationData
from dagster._core.storage.event_log import SqliteEventLogStorage

from assets.cli.loop import open_instance
from assets.event_log import LocalEventLogStorage
from assets.home import dagster_home

WRITES = 40


def stock_instance(home: Path) -> dg.DagsterInstance:
    """An instance on the same files, with the event log that Dagster has by default."""
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return dg.DagsterInstance.from_config(str(home))


def report(instance: dg.DagsterInstance, partition: str) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization("shared", partition=partition))


def test_the_local_instance_uses_it(home: Path) -> None:
    with open_instance() as instance:
        assert isinstance(instance.event_log_storage, LocalEventLogStorage)
        assert not instance.telemetry_enabled
    assert os.environ["DAGSTER_HOME"] == str(home / "dagster")


def materialized(event: dg.AssetMaterialization) -> dg.DagsterEvent:
    """An event of no step."""
    return dg.DagsterEvent(
        dg.DagsterEventType.ASSET_MATERIALIZATION.value,
        "empty",
        event_specific_data=StepMaterializationData(event),
    )


def at_once(count: int, work: Callable[[Barrier], None]) -> list[int]:
    """Do some work in several processes, which wait for one another; returns their ids."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(count)
    processes = [context.Process(target=work, args=(barrier,)) for _ in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * count
    return [process.pid for process in processes if process.pid]


def open_once_all_are_here(barrier: Barrier) -> None:
    barrier.wait(60)
    with open_instance() as instance:
        report(instance, str(os.getpid()))


def write_once_all_have_opened(barrier: Barrier) -> None:
    with open_instance() as instance:
        barrier.wait(60)
        for number in range(WRITES):
            report(instance, f"{os.getpid()}-{number}")


def test_processes_that_begin_a_home_at_once_share_one_history(home: Path) -> None:
    pids = at_once(4, open_once_all_are_here)
    with open_instance() as instance:
        found = instance.get_materialized_partitions(dg.AssetKey("shared"))
    assert found == {str(pid) for pid in pids}


def test_two_processes_write_at_once_and_a_stock_instance_reads_all(home: Path) -> None:
    with open_instance():
        pass
    pids = at_once(2, write_once_all_have_opened)
    expected = {f"{pid}-{number}" for pid in pids for number in range(WRITES)}
    with stock_instance(home / "dagster") as instance:
        storage = instance.event_log_storage
        assert type(storage) is SqliteEventLogStorage
        key = dg.AssetKey("shared")
        assert instance.get_materialized_partitions(key) == expected
        records = instance.fetch_materializations(key, limit=1000).records
        assert len(records) == 2 * WRITES


def test_writers_of_both_kinds_see_each_other(home: Path) -> None:
    folder = dagster_home()
    with open_instance() as ours:
        report(ours, "a")
        with stock_instance(folder) as theirs:
            assert theirs.get_materialized_partitions(dg.AssetKey("shared")) == {"a"}
            report(theirs, "b")
            assert ours.get_materialized_partitions(dg.AssetKey("shared")) == {"a", "b"}
            report(ours, "c")
            found = theirs.get_materialized_partitions(dg.AssetKey("shared"))
            assert found == {"a", "b", "c"}


def test_the_index_is_opened_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    original = LocalEventLogStorage._open

    def counted(storage: LocalEventLogStorage, shard: str) -> object:
        opened.append(shard)
        return original(storage, shard)

    monkeypatch.setattr(LocalEventLogStorage, "_open", counted)
    with open_instance() as instance:
        for number in range(5):
            report(instance, str(number))
        assert len(instance.get_materialized_partitions(dg.AssetKey("shared"))) == 5
    assert opened.count("index") == 1
    assert len(opened) == len(set(opened)), opened


def test_a_write_is_kept_and_what_fails_half_way_is_not(home: Path) -> None:
    def forget_all(storage: SqliteEventLogStorage, *, fail: bool) -> None:
        with storage.index_connection() as connection:
            connection.exec_driver_sql("DELETE FROM asset_keys")
            if fail:
                raise RuntimeError("half-way")

    with open_instance() as instance:
        report(instance, "kept")
        with pytest.raises(RuntimeError, match="half-way"):
            forget_all(instance.event_log_storage, fail=True)
        assert instance.get_asset_keys() == [dg.AssetKey("shared")]
        forget_all(instance.event_log_storage, fail=False)
        assert instance.get_asset_keys() == []


def test_an_event_that_fails_half_way_is_in_neither_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("half-way")

    with open_instance() as instance:
        run_id = instance.create_run_for_job(dg.job(name="empty")(lambda: None)).run_id
        event = dg.AssetMaterialization("lost")
        with monkeypatch.context() as patched:
            patched.setattr(LocalEventLogStorage, "_store_asset_event", fails)
            with pytest.raises(RuntimeError, match="half-way"):
                instance.report_dagster_event(materialized(event), run_id)
        report(instance, "kept")
        assert instance.get_asset_keys() == [dg.AssetKey("shared")]
        assert instance.all_logs(run_id) == []
        instance.report_dagster_event(materialized(event), run_id)
        assert len(instance.all_logs(run_id)) == 1
        assert len(instance.fetch_materializations(dg.AssetKey("lost"), limit=9).records) == 1


def test_what_a_run_plans_is_one_transaction_in_each_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    original = LocalEventLogStorage._transaction

    def counted(storage: LocalEventLogStorage, shard: str) -> object:
        begun.append(shard)
        return original(storage, shard)

    @dg.multi_asset(specs=[dg.AssetSpec(name) for name in "abc"])
    def made():  # type: ignore[no-untyped-def]
        return ()

    job = dg.Definitions([made], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
    with open_instance() as instance:
        monkeypatch.setattr(LocalEventLogStorage, "_transaction", counted)
        run_id = instance.create_run_for_job(job).run_id
        assert begun.count(run_id) == begun.count("index") == 1
    with stock_instance(dagster_home()) as instance:
        planned = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
        assert len(instance.all_logs(run_id, of_type=planned)) == 3


def test_a_stock_live_view_sees_what_is_written_while_the_run_is_open(home: Path) -> None:
    seen: Queue[str] = Queue()

    def saw(entry: dg.EventLogEntry, _: str) -> None:
        seen.put(entry.message)

    with open_instance() as ours, stock_instance(dagster_home()) as theirs:
        run_id = ours.create_run_for_job(dg.job(name="empty")(lambda: None)).run_id
        ours.report_engine_event("before", run_id=run_id, job_name="empty")
        theirs.event_log_storage.watch(run_id, None, saw)
        try:
            for message in ("one", "two"):
                ours.report_engine_event(message, run_id=run_id, job_name="empty")
                while seen.get(timeout=30) != message:
                    pass
        finally:
            theirs.event_log_storage.end_watch(run_id, saw)
