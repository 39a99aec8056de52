"""The local Dagster instance, in the home that holds the artifacts."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rlsd_pipeline.home import ROOT, home, named_folder

EXPERIMENTS = Path(__file__).resolve().parent / "experiments"

_FORMER = frozenset(
    {
        "4036b0d6edd865f2",
        "408d0bcf9493d996",
        "90344fa2b03f5cf0",
        "a926663a6ce7182a",
        "f129445d748be327",
        "d4c7caa1fca813a7",
    }
)
"""Beginnings of the SHA-256 of what deploy/local/dagster.yaml was in earlier versions."""

_UNFIT = frozenset("?%")
"""Characters that mean something else in the address of an SQLite file, as Dagster writes it."""


def dagster_home() -> Path:
    """The instance's folder: DAGSTER_HOME, or one of the home, made ready with its dagster.yaml.

    Raises:
        ConfigError: Dagster cannot work in a folder of that name.
    """
    from rlsd_pipeline.errors import ConfigError

    folder = (named_folder("DAGSTER_HOME") or home() / "dagster").absolute()
    if unfit := sorted(set(str(folder)) & _UNFIT):
        raise ConfigError(
            f"{folder}: Dagster cannot keep its history in a folder with {' or '.join(unfit)} in "
            "its name: set RLSD_HOME or DAGSTER_HOME to another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "dagster.yaml"
    if not file.exists() or _is_former(file):
        with alone_in(folder):
            shutil.copyfile(ROOT / "deploy" / "local" / "dagster.yaml", file)
    os.environ["DAGSTER_HOME"] = str(folder)
    # Related events are written together.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "50")
    return folder


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is in this block with the same folder.

    A process that opens Dagster's databases while another creates them finds them damaged.
    """
    with (folder / ".opening").open("w") as file:
        # Released when the file is closed, by a process that is killed as well.
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_former(file: Path) -> bool:
    """Whether a dagster.yaml is an unchanged earlier one of this project."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()[:16] in _FORMER
    except OSError:
        return False
