"""The files of a table on disk: its file or folder, and the images beside it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rlsd_pipeline.data.named_files import named_files
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.identity.files import content_digest, path_digest


def table_digest(table: Path, columns: Sequence[str]) -> str:
    """Digest of a table and of the images it names: they may change under the same names.

    Args:
        table: A file, or a folder with all that it holds.
        columns: Those that may name images.

    Raises:
        DataError: A file cannot be read.
    """
    try:
        if table.is_dir():
            return path_digest(table)
        images = [image for image in _named(table, columns) if image.is_file()]
        return content_digest(table.parent, [table, *images])
    except OSError as error:
        raise DataError(f"{error.filename} cannot be read: {error.strerror}") from error


def table_bytes(table: Path, columns: Sequence[str]) -> int:
    """Bytes of a table of one file and of the images it names.

    Args:
        table: The file.
        columns: Those that may name images.

    Raises:
        OSError: The table cannot be read.
    """
    return bytes_of([table, *_named(table, columns)])


def bytes_of(paths: Sequence[Path]) -> int:
    """Bytes of files, and of all that folders hold; what is not there has none."""
    files = (each for path in paths for each in (path.rglob("*") if path.is_dir() else [path]))
    return sum(file.stat().st_size for file in files if file.is_file())


def _named(table: Path, columns: Sequence[str]) -> Iterator[Path]:
    return (table.parent / name for name in named_files(table, columns))
