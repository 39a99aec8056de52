"""Resolves the paths of an experiment: relative ones begin at its YAML's folder."""

import os
from pathlib import Path

from rlsd_pipeline.errors import ConfigError


def located_path(path: str, folder: Path) -> str:
    """An absolute path; `~` is the user's home, and a relative path begins at the folder.

    Raises:
        ConfigError: `~name` names no user of this machine.
    """
    found = folder / expanded(path)
    # A name may be too long to look for, which is said where it is read.
    if os.path.lexists(found) and found.is_symlink() and found.is_file():
        # In a hub's cache the link has the name, and its target is named by its content.
        return str(found.parent.resolve() / found.name)
    return str(found.resolve())


def expanded(path: str) -> Path:
    """A path with `~` replaced by the user's home.

    Raises:
        ConfigError: `~name` names no user of this machine, or the path is invalid.
    """
    if not path.strip():
        raise ConfigError("a path or name is empty: name the file or folder, or drop the key")
    if "\0" in path:
        raise ConfigError(f"{path!r}: no path holds a null character; remove it")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ConfigError(
            f"{path}: there is no such user here: write the path out, or `./{path}` for a folder "
            "of that name"
        ) from error


def is_path(name: str) -> bool:
    """Whether a name can be nothing but a path: a hub id is `name` or `owner/name`."""
    return name in (".", "..") or name.startswith(("./", "../", "/", "~")) or name.count("/") > 1


def located_name(name: str, folder: Path, revision: str | None) -> str:
    """An absolute path if the name is one or exists in the folder; otherwise the name itself.

    Raises:
        ConfigError: `~name` names no user of this machine, or a path is given a revision.
    """
    if not (is_path(name) or os.path.lexists(folder / expanded(name))):
        return name
    path = located_path(name, folder)
    if revision is not None:
        raise ConfigError(
            f"`{name}` is the local {path}, which has no revision {revision}: drop `revision`, or "
            "move what has the name of a hub id away from the YAML"
        )
    return path


def local_path(name: str) -> Path | None:
    """The path of a name; None if it is a hub id.

    Raises:
        ConfigError: `~name` names no user of this machine.
    """
    return expanded(name) if is_path(name) else None
