"""The records of a log's file, a few at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.imports.row import UnusableError

_ROWS_AT_ONCE = 128
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PICKLES = (".pt", ".pth", ".pkl", ".pickle")
_COMPRESSED = {".gz": "gunzip -k", ".zst": "unzstd", ".xz": "unxz -k", ".bz2": "bunzip2 -k"}


def records(file: Path) -> Iterator[dict[str, Any] | UnusableError]:
    """Each record of a JSON Lines or Parquet file; one that is no record, as its reason.

    Raises:
        DataError: The file cannot be read, or only by running what it holds.
    """
    refuse_packed(file)
    try:
        yield from _parquet(file) if file.suffix == ".parquet" else _jsonl(file)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error}") from error


def refuse_packed(file: Path) -> None:
    """Refuse a compressed file, and one that only unpickling could read, which runs what it holds.

    Raises:
        DataError: It is one; says how to get the same as JSON Lines.
    """
    if file.suffix in _COMPRESSED:
        raise DataError(
            f"{file} is compressed: unpack it first, for example by {_COMPRESSED[file.suffix]} "
            f"{file.name}"
        )
    if file.suffix in _PICKLES:
        raise DataError(
            f"{file} is a pickle, and reading one runs whatever it holds, so it is not read here. "
            "Where you trust it, write its samples as JSON Lines yourself: "
            'python -c "import json, sys, torch; [print(json.dumps(s, default=str)) for s in '
            f"torch.load(sys.argv[1], weights_only=False)['samples']]\" {file.name} > "
            f"{file.stem}.jsonl"
        )


def _jsonl(file: Path) -> Iterator[dict[str, Any] | UnusableError]:
    with file.open("rb") as lines:
        for line in lines:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            if not line.strip():
                continue
            try:
                record = from_json(line, allow_inf_nan=True)
            except ValueError:
                yield UnusableError("a line that is no JSON")
                continue
            yield record if isinstance(record, dict) else UnusableError("no JSON object")


def _parquet(file: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=_ROWS_AT_ONCE):
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise DataError(f"{file} cannot be read as Parquet: {error}") from error
