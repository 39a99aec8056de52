"""Where artifacts and the local Dagster instance live: `.rlsd` in the checkout, or RLSD_HOME."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import ArtifactStore
    from rlsd_pipeline.artifacts.cache import FileCache

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENTS = Path(__file__).resolve().parent / "experiments"

_FORMER = frozenset(
    {"4036b0d6edd865f2", "408d0bcf9493d996", "90344fa2b03f5cf0", "a926663a6ce7182a"}
)
"""Beginnings of the SHA-256 of what deploy/local/dagster.yaml was in earlier versions."""

_UNFIT = frozenset("?%")
"""Characters that mean something else in the address of an SQLite file, as Dagster writes it."""


def home() -> Path:
    """The folder that holds everything a run leaves behind.

    Raises:
        ConfigError: RLSD_HOME begins with `~` and names no user.
    """
    return (_named_folder("RLSD_HOME") or ROOT / ".rlsd").resolve()


def store_url() -> str:
    """URL of the artifact store: RLSD_STORE, or a folder of the home."""
    return os.environ.get("RLSD_STORE") or str(home() / "artifacts")


def open_store(url: str) -> "ArtifactStore":
    """The artifact store at a URL.

    Raises:
        ConfigError: The URL names no store, a package is missing, or the cache's bound is none.
    """
    from rlsd_pipeline.artifacts import ArtifactStore

    return ArtifactStore(url, cache=file_cache())


def file_cache() -> "FileCache":
    """Copies of remote files; RLSD_CACHE is their folder, RLSD_CACHE_GB how much it may hold.

    Raises:
        ConfigError: RLSD_CACHE_GB is no number, or RLSD_CACHE begins with `~` and names no user.
    """
    from rlsd_pipeline.artifacts.cache import DEFAULT_FOLDER, DEFAULT_LIMIT, FileCache
    from rlsd_pipeline.errors import ConfigError

    folder = _named_folder("RLSD_CACHE") or DEFAULT_FOLDER
    gigabytes = os.environ.get("RLSD_CACHE_GB")
    try:
        limit = int(float(gigabytes) * 10**9) if gigabytes else DEFAULT_LIMIT
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"RLSD_CACHE_GB is {gigabytes!r}: give a number, such as 50") from error
    return FileCache(folder, limit)


def dagster_home() -> Path:
    """The instance's folder: DAGSTER_HOME, or one of the home, made ready with its dagster.yaml.

    Raises:
        ConfigError: Dagster cannot work in a folder of that name.
    """
    from rlsd_pipeline.errors import ConfigError

    folder = (_named_folder("DAGSTER_HOME") or home() / "dagster").absolute()
    if unfit := sorted(set(str(folder)) & _UNFIT):
        raise ConfigError(
            f"{folder}: Dagster cannot keep its history in a folder with {' or '.join(unfit)} in "
            "its name: let RLSD_HOME or DAGSTER_HOME name another"
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

    Dagster's databases are damaged to whoever opens them while another makes them.
    """
    with (folder / ".opening").open("w") as file:
        # Released when the file is closed, by a process that is killed as well.
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_former(file: Path) -> bool:
    """Whether a dagster.yaml is one that was shipped earlier, and that nobody changed."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()[:16] in _FORMER
    except OSError:
        return False


def _named_folder(variable: str) -> Path | None:
    """The folder that an environment variable names, if it is set; `~` is the user's own."""
    from rlsd_pipeline.config.paths import expanded
    from rlsd_pipeline.errors import ConfigError

    text = os.environ.get(variable)
    try:
        return expanded(text) if text else None
    except ConfigError as error:
        raise ConfigError(f"{variable}: {error}") from error
