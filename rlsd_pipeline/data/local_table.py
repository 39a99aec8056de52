"""A table that lies in a local file or folder, in any layout that `datasets` writes or reads.

A folder may not lead out of itself: the files that its data set card names, and the targets of its
links, must lie within it.
"""

import csv
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import datasets
from datasets.packaged_modules.csv.csv import CsvConfig

from rlsd_pipeline.data.inside import resolve_inside
from rlsd_pipeline.errors import DataError

_FILES = {".parquet": "parquet", ".json": "json", ".jsonl": "json", ".csv": "csv"}
_SPLIT_NAME = re.compile(r"\w+(\.\w+)*")
_SAVED_DICT, _SAVED_STATE = "dataset_dict.json", "state.json"


def local_table(path: Path, split: str, config_name: str | None) -> datasets.Dataset:
    """The rows of a split.

    Args:
        path: A file, a folder of files or images with or without a data set card, or what
            `save_to_disk` wrote of a `Dataset` or a `DatasetDict`.
        split: The split, such as `train` or `train[:100]`; one file has whatever split is asked
            for.
        config_name: The configuration, where the folder has several.

    Raises:
        DataError: There is no such table, it cannot be read, or a file of it lies elsewhere.
    """
    try:
        if path.is_file():
            return _of_file(path, split)
        if (path / _SAVED_DICT).is_file() or (path / _SAVED_STATE).is_file():
            return _saved(path, split)
        return _of_folder(path, split, config_name)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    # The readers of `datasets` raise the exceptions of their formats' libraries.
    except Exception as error:
        cause = error.__cause__ or error
        raise DataError(f"{path} cannot be read as a data set: {_brief(error, cause)}") from error


def _of_file(path: Path, split: str) -> datasets.Dataset:
    if path.suffix not in _FILES:
        known = ", ".join(_FILES)
        raise DataError(f"a single file must be one of {known}")
    files = {split.partition("[")[0]: [str(path)]}
    if _FILES[path.suffix] == "csv":
        return _csv(files, split, ",")
    return datasets.load_dataset(_FILES[path.suffix], data_files=files, split=split)


def _of_folder(path: Path, split: str, config_name: str | None) -> datasets.Dataset:
    builder = datasets.load_dataset_builder(str(path.absolute()), config_name)
    files: Mapping[str, Iterable[str]] = builder.config.data_files or {}
    for several in files.values():
        for file in several:
            _inside(path, str(file))
    if isinstance(builder.config, CsvConfig):
        return _csv(
            {name: list(map(str, several)) for name, several in files.items()},
            split,
            builder.config.sep,
        )
    return datasets.load_dataset(str(path.absolute()), config_name, split=split)


def _csv(files: Mapping[str, list[str]], split: str, separator: str) -> datasets.Dataset:
    """A CSV with all values as they are written: 007 is no 7, 0.10 no 0.1, and `None` a word."""
    first = next(file for several in files.values() for file in several)
    with Path(first).open(encoding="utf-8-sig", newline="") as lines:
        names = next(csv.reader(lines, delimiter=separator), [])
    if not names:
        raise DataError(f"{Path(first).name} has no header line with the names of its columns")
    return datasets.load_dataset(
        "csv",
        data_files=dict(files),
        split=split,
        sep=separator,
        features=datasets.Features({name: datasets.Value("string") for name in names}),
        keep_default_na=False,
    )


def _saved(path: Path, split: str) -> datasets.Dataset:
    """Reads the output of `save_to_disk`."""
    if (path / _SAVED_DICT).is_file():
        names = json.loads(_inside(path, _SAVED_DICT).read_bytes())["splits"]
        wanted = {name: path / name for name in names if name in split}
        tables = {name: _saved_table(path, folder) for name, folder in wanted.items()}
        sizes = {name: len(tables.get(name, ())) for name in names}
    else:
        table = _saved_table(path, path)
        name = str(table.split)
        if table.split is None or not _SPLIT_NAME.fullmatch(name):
            name = split.partition("[")[0]
        tables, sizes = {name: table}, {name: len(table)}
    parts = datasets.ReadInstruction.from_spec(split).to_absolute(sizes)
    chosen = [tables[part.splitname].select(range(part.from_, part.to)) for part in parts]
    return datasets.concatenate_datasets(chosen)


def _saved_table(root: Path, folder: Path) -> datasets.Dataset:
    state = json.loads(_inside(root, str(folder / _SAVED_STATE)).read_bytes())
    for file in state["_data_files"]:
        _inside(root, str(folder / file["filename"]))
    return datasets.Dataset.load_from_disk(str(folder))


def _inside(folder: Path, file: str) -> Path:
    """A data file, if it lies within the folder."""
    path = Path(file)
    for root in (folder, folder.absolute(), folder.resolve()):
        if path.is_absolute() and path.is_relative_to(root):
            path = path.relative_to(root)
    return resolve_inside(folder, str(path))


def _brief(error: BaseException, cause: Any) -> str:
    said = str(error) if cause is error else f"{error} ({cause})"
    return " ".join(said.split())[:500] or type(error).__name__
