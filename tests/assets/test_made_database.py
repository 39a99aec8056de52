"""Databases that are there are opened without Dagster's migrations; others are made by Dagster."""

import sqlite3
from pathlib import Path

import dagster as dg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from assets.cli.loop import open_instance
from assets.made_database import is_made

NAMES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")


def count_migrations(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    loaded: list[object] = []
    stock = ScriptDirectory.from_config
    monkeypatch.setattr(
        ScriptDirectory, "from_config", lambda config: loaded.append(config) or stock(config)
    )
    return loaded


def test_a_second_opening_and_its_run_load_no_migration(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = count_migrations(monkeypatch)
    with open_instance() as instance:
        run = instance.create_run_for_job(dg.job(name="any")(lambda: None))
        instance.report_engine_event("said", run)
    assert loaded
    loaded.clear()
    with open_instance() as instance:
        instance.report_engine_event("again", run)
        assert [entry.message for entry in instance.all_logs(run.run_id)] == ["said", "again"]
        assert instance.get_ticks("none", "none") == []
    assert not loaded


@pytest.mark.parametrize("name", NAMES)
def test_an_unmade_database_is_made_by_dagster(home: Path, name: str) -> None:
    with open_instance():
        pass
    file = home / "dagster" / name
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()
    # As a process leaves it that was killed as soon as it had begun.
    sqlite3.connect(file).close()
    engine = create_engine(f"sqlite:///{file}")
    assert not is_made(engine)
    with open_instance() as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("asset"))
        assert instance.get_runs() == []
        assert instance.get_ticks("none", "none") == []
    assert is_made(engine)
