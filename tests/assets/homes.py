"""Homes of the tiny experiment: how one is used, trained and evaluated."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from assets.cli.loop import Loop, open_instance
from rlsd_pipeline.progress import Silent
from tests.iterated import iterate
from tests.small_experiment import ATTRIBUTES

ARMS = ("grpo-s0", "rlsd-s0")


def use(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    # Set before they are removed, so that whatever the code under test puts there goes again.
    for name in (
        "DAGSTER_HOME",
        "DAGSTER_EVENT_BATCH_SIZE",
        "RLSD_STORE",
        "HF_HUB_DISABLE_PROGRESS_BARS",
        "TOKENIZERS_PARALLELISM",
        "TRANSFORMERS_VERBOSITY",
    ):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("RLSD_HOME", str(home))


def declare(folder: Path, **changes: Any) -> Path:
    """Writes the tiny experiment's YAML; keywords change what is declared."""
    file = folder / "small" / "defs.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    attributes = deepcopy(ATTRIBUTES) | changes
    document = {"type": "assets.component.Experiment", "attributes": attributes}
    file.write_text(yaml.safe_dump(document))
    return file


@contextmanager
def open_loop(file: Path) -> Iterator[tuple[Loop, dg.DagsterInstance]]:
    with open_instance() as instance:
        yield Loop(file, instance, Silent()), instance


def copy(home: Path, to: Path) -> Path:
    """A copy to which commands may add."""
    shutil.copytree(home, to)
    (to / "dagster" / "dagster.yaml").chmod(0o644)
    return to


def train(folder: Path) -> None:
    """Both arms do two of three iterations."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        use(monkeypatch, folder / "home")
        with open_loop(declare(folder)) as (loop, _):
            loop.prepare(ARMS)
            for arm in ARMS:
                for iteration in range(2):
                    iterate(loop, arm, iteration)


def evaluate(home: Path, file: Path) -> None:
    """Both arms get their scores at 0 and 2 updates."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        use(monkeypatch, home)
        with open_loop(file) as (loop, _):
            for arm in ARMS:
                for updates in (0, 2):
                    loop.evaluate(arm, updates)
