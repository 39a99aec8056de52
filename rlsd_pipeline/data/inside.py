"""Refuses paths of a data set that lead out of its folder."""

from collections.abc import Iterator
from pathlib import Path

from rlsd_pipeline.errors import DataError


def resolve_inside(folder: Path, relative: str) -> Path:
    """The path of a file that a data set names, which must lie within the data set's folder.

    In a copy that the hub's client keeps, files are links to blobs beside the snapshot; these count
    as within.

    Raises:
        DataError: The name is absolute, holds `..`, or leads outside or in a circle through a link.
    """
    path = Path(relative)
    if "\0" in relative or path.is_absolute() or ".." in path.parts:
        raise DataError(f"{relative!r} must be a path relative to {folder}, without '..'")
    try:
        resolved, root = (folder / path).resolve(), folder.resolve()
    except (OSError, RuntimeError) as error:  # Until Python 3.13 a loop is a RuntimeError.
        raise DataError(f"{relative!r} in {folder} is a link that leads nowhere") from error
    if not any(resolved.is_relative_to(allowed) for allowed in (root, *_blobs(root))):
        raise DataError(f"{relative!r} leads out of {folder} through a link; copy the file there")
    return resolved


def _blobs(root: Path) -> Iterator[Path]:
    """The folder in which the hub's client keeps the files of a snapshot."""
    for snapshot in (root, *root.parents):
        repository = snapshot.parent.parent
        if snapshot.parent.name == "snapshots" and repository.name.startswith("datasets--"):
            yield repository / "blobs"
