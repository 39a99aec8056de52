"""A table as a file that other tools read."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rlsd_pipeline.errors import ConfigError

_ROWS_AT_ONCE = 256


def write_table(table: pa.Table, path: Path) -> Path:
    """Write a table: `.parquet`, `.jsonl`, or without an ending a folder of `datasets`.

    Args:
        table: The rows; bytes, such as images, are base64 in JSON Lines.
        path: Where to.

    Raises:
        ConfigError: The ending is another one, or the path cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        match path.suffix:
            case ".parquet":
                pq.write_table(table, path, compression="zstd")
            case ".jsonl":
                _write_jsonl(table, path)
            case "":
                _write_dataset(table, path)
            case other:
                raise ConfigError(
                    f"{path}: no export ends in {other}: name a .parquet or .jsonl file, or a "
                    "folder, which `datasets.load_from_disk` reads"
                )
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}") from error
    return path


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
