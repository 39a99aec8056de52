"""Writes a table as a file that other tools read."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rlsd_pipeline.errors import ConfigError

_ROWS_AT_ONCE = 256


def write_table(table: pa.Table, path: Path) -> Path:
    """Write a table: `.parquet`, `.jsonl`, or without an ending a folder of `datasets`.

    What was there stays until the new one is whole.

    Args:
        table: The rows; bytes, such as images, are base64 in JSON Lines.
        path: Where to.

    Raises:
        ConfigError: The ending is another one, the path cannot be written, or a folder of that name
            holds something else.
    """
    require_export(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # On the same file system, so that renaming is one step.
        with TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            new = Path(folder) / f"new{path.suffix}"
            _WRITERS[path.suffix](table, new)
            if path.is_dir():
                path.rename(Path(folder) / "before")
            new.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}") from error
    return path


def require_export(path: Path) -> None:
    """Refuses a path to which no table can be written, before one is made.

    Raises:
        ConfigError: The ending is none of an export, or a folder of that name holds something else.
    """
    if path.suffix not in _WRITERS:
        raise ConfigError(
            f"{path}: no export ends in {path.suffix}: name a .parquet or .jsonl file, or a "
            "folder, which `datasets.load_from_disk` reads"
        )
    if path.is_dir() and (path.suffix or not _is_replaceable(path)):
        raise ConfigError(f"{path} is a folder that no export made: choose another name")
    if path.is_file() and not path.suffix:
        raise ConfigError(f"{path} is a file: an export without an ending is a folder")


def _is_replaceable(folder: Path) -> bool:
    """Whether a folder is empty, or an earlier export."""
    return not any(folder.iterdir()) or (folder / "dataset_info.json").exists()


def _write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")


def _write_jsonl(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
            for row in batch.to_pylist(maps_as_pydicts="strict"):
                file.write(json.dumps(row, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is no JSON")


def _write_dataset(table: pa.Table, path: Path) -> None:
    from datasets import Dataset

    # `datasets` knows no maps and no schema of ours.
    plain = {
        name: table[name].to_pylist(maps_as_pydicts="strict")
        if pa.types.is_map(table[name].type)
        else table[name]
        for name in table.column_names
    }
    Dataset(pa.table(plain)).save_to_disk(str(path))


_WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    ".parquet": _write_parquet,
    ".jsonl": _write_jsonl,
    "": _write_dataset,
}
