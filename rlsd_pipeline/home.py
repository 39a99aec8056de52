"""The home, where artifacts live: `.rlsd` in the checkout, or RLSD_HOME."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import ArtifactStore
    from rlsd_pipeline.artifacts.cache import FileCache

ROOT = Path(__file__).resolve().parents[1]


def home() -> Path:
    """The folder that holds everything a run leaves behind.

    Raises:
        ConfigError: RLSD_HOME begins with `~` and names no user.
    """
    return (named_folder("RLSD_HOME") or ROOT / ".rlsd").resolve()


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

    folder = named_folder("RLSD_CACHE") or DEFAULT_FOLDER
    gigabytes = os.environ.get("RLSD_CACHE_GB")
    try:
        limit = int(float(gigabytes) * 10**9) if gigabytes else DEFAULT_LIMIT
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"RLSD_CACHE_GB is {gigabytes!r}: give a number, such as 50") from error
    return FileCache(folder, limit)


def named_folder(variable: str) -> Path | None:
    """The folder that an environment variable names, if it is set; `~` is the user's own."""
    from rlsd_pipeline.config.paths import expanded
    from rlsd_pipeline.errors import ConfigError

    text = os.environ.get(variable)
    try:
        return expanded(text) if text else None
    except ConfigError as error:
        raise ConfigError(f"{variable}: {error}") from error
