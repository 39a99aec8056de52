"""The sources of a public benchmark's rows: tables of the hub, or files in the same layout."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import datasets
from huggingface_hub.errors import GatedRepoError

from rlsd_pipeline.data.inside import resolve_inside
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.benchmark import Benchmark

_SUFFIXES = (".parquet", ".json", ".jsonl")


class Source(NamedTuple):
    """A table, the folder its paths are relative to, and its name for messages."""

    table: datasets.Dataset
    root: Path
    place: str


def hub_sources(benchmark: Benchmark) -> Iterator[Source]:
    """The tables of a split on the hub, one a configuration, each read when its turn comes.

    Raises:
        DataError: A table cannot be reached; for a gated one, how to get access; or its files
            have changed since the benchmark was defined.
    """
    root, revision = Path(datasets.config.HF_CACHE_HOME), benchmark.read_revision
    hub_split = benchmark.splits[benchmark.split].hub_split
    for config in benchmark.configs or (None,):
        place = " ".join(filter(None, (benchmark.hub_id, config, hub_split)))
        try:
            builder = datasets.load_dataset_builder(benchmark.hub_id, config, revision=revision)
            files = [str(file) for file in (builder.config.data_files or {}).get(hub_split, [])]
            _check_files(benchmark, files, place)
            # By its files, since the builder would fetch those of all splits.
            table = datasets.load_dataset(
                "parquet",
                data_files={"rows": files},
                split="rows",
                features=builder.info.features,
            )
        except DataError:
            raise
        except (datasets.exceptions.DatasetNotFoundError, GatedRepoError) as error:
            access = benchmark.access or "Give the `path` of a local copy instead"
            raise DataError(f"{place} at revision {revision}: {error} {access}") from error
        except Exception as error:  # What the network raises depends on the hub's client.
            raise DataError(
                f"{place} cannot be read from the hub at revision {revision}: {error}. Without a "
                "network, give the `path` of a local copy"
            ) from error
        yield Source(table, root, place)


def _check_files(benchmark: Benchmark, files: Sequence[str], place: str) -> None:
    found, revision = [file.rpartition("/")[2] for file in files], benchmark.read_revision
    expected = benchmark.splits[benchmark.split].files
    if not found:
        raise DataError(f"{place} has no files of this split at revision {revision}")
    if expected and found != list(expected):
        raise DataError(
            f"{place} at revision {revision} has the files {', '.join(found)}, and not "
            f"{', '.join(expected)}: the rows have changed since this benchmark was defined. Give "
            "the `path` of a copy of the rows that you mean"
        )


def local_sources(benchmark: Benchmark, path: Path) -> Iterator[Source]:
    """The tables of a split in a local folder, or the one in a file.

    Raises:
        DataError: There is no such file, or it cannot be read.
    """
    path = path.expanduser()
    hub_split = benchmark.splits[benchmark.split].hub_split
    files = [path] if path.is_file() else _files(benchmark, path, hub_split)
    for file in files:
        try:
            if file.suffix == ".parquet":
                data = {"rows": str(file)}
                table = datasets.load_dataset("parquet", data_files=data, split="rows")
            elif file.suffix in _SUFFIXES:
                table = _table(_json_rows(file, id_column=benchmark.id_column))
            else:
                known = ", ".join(_SUFFIXES)
                raise DataError(f"{file}: a file of rows must be one of {known}")
        except DataError:
            raise
        except (datasets.exceptions.DatasetsError, OSError, ValueError, OverflowError) as error:
            raise DataError(f"{file}: cannot be read as rows ({error})") from error
        if not len(table):
            raise DataError(f"{file} holds no rows")
        yield Source(table, file.parent, str(file))


def _files(benchmark: Benchmark, folder: Path, hub_split: str) -> list[Path]:
    """A split's files where the hub and the authors' repositories keep them."""
    names = (f"{hub_split}-*.parquet", *(f"{hub_split}{suffix}" for suffix in _SUFFIXES))

    def within(folder: Path) -> list[Path]:
        return next((found for name in names if (found := sorted(folder.glob(name)))), [])

    parts = chain.from_iterable(within(folder / config) for config in benchmark.configs)
    files = list(parts) or within(folder) or within(folder / "data")
    if not files:
        raise DataError(
            f"{folder} holds no rows of {benchmark.name}: there is no {' or '.join(names)} in it, "
            f"in its `data` or in a folder of a configuration of {benchmark.hub_id}"
        )
    for file in files:
        resolve_inside(folder, str(file.relative_to(folder)))
    return files


def _json_rows(file: Path, *, id_column: str) -> list[Any]:
    """The rows of a JSON list, a JSON object by id, or JSON lines."""
    place = str(file)
    try:
        text = file.read_text("utf-8-sig")
        if file.suffix == ".json":
            data = json.loads(text)
            rows = data if isinstance(data, list) else _keyed(data, id_column)
        else:
            rows = []
            for number, line in enumerate(text.split("\n"), start=1):
                place = f"{file} line {number}"
                if line.strip():
                    rows.append(json.loads(line))
    except RecursionError as error:
        raise DataError(f"{place}: not JSON that can be read (nested too deeply)") from error
    except ValueError as error:
        raise DataError(f"{place}: not JSON ({error})") from error
    if not all(isinstance(row, Mapping) for row in rows):
        raise DataError(f"{file}: every row must be a JSON object")
    return rows


def _keyed(data: Any, id_column: str) -> list[Any]:
    rows = data.items() if isinstance(data, Mapping) else [("", data)]
    return [{id_column: key, **row} if isinstance(row, Mapping) else row for key, row in rows]


def _table(rows: Sequence[Mapping[str, Any]]) -> datasets.Dataset:
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name) for row in rows] for name in names}
    return datasets.Dataset.from_dict(columns, on_mixed_types="use_json")
