"""Problems from a data set of the Hugging Face hub, or from a local copy of one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import datasets

from rlsd_pipeline.config.strict import nearest
from rlsd_pipeline.data.boxes import read_boxes
from rlsd_pipeline.data.column import Column
from rlsd_pipeline.data.image_values import image_values, read_image
from rlsd_pipeline.data.local_table import local_table
from rlsd_pipeline.data.row import content_id
from rlsd_pipeline.errors import ConfigError, DataError
from schemas.problem import Problem

_FIELDS = ("question", "answer", "images", "problem_id", "solution", "choices", "boxes", "cue")
_BATCH_ROWS = 64


def read_hub(
    name_or_path: str,
    *,
    split: str,
    columns: Mapping[str, str],
    config_name: str | None = None,
    revision: str | None = None,
    limit: int | None = None,
) -> Iterator[Problem]:
    """The problems of a data set; each row is checked when its turn comes.

    Args:
        name_or_path: A hub id, or a local folder or file in a layout that `datasets` reads.
        split: The split to read; it becomes the problems' split.
        columns: Field of a problem -> column. `question` and `answer` are needed; `images`,
            `problem_id`, `solution`, `choices`, `boxes`, `cue` and `attributes.<label>` may be
            given. Around the column's name in braces stands what its values are wrapped in, as in
            `<answer>{answer}</answer>`.
        config_name: The data set's configuration, where it has several.
        revision: The commit to read; a hub id needs one.
        limit: Take only the first this many rows.

    Raises:
        ConfigError: A field is unknown or missing in `columns`, or a revision is.
        DataError: The data set, a column or a row is invalid.
    """
    sources = _sources(columns)
    root, table = _load(name_or_path, split, config_name, revision)
    needed = {source.top(table.column_names) for source in sources.values()}
    if absent := needed - set(table.column_names):
        found = ", ".join(table.column_names)
        raise DataError(f"{name_or_path} has no column {min(absent)!r}; found: {found}")
    rows = islice(iterate_rows(table, sorted(needed)), limit)
    return _problems(rows, sources, root, f"{name_or_path} {split}", split.partition("[")[0])


def iterate_rows(table: datasets.Dataset, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of a table, a few at a time in memory; images stay encoded."""
    chosen = table.select_columns(list(columns))
    # In Arrow format nothing is decoded and nothing copied.
    for batch in chosen.with_format("arrow").iter(_BATCH_ROWS):
        for row in batch.to_pylist():
            yield {name: _plain(value, chosen.features[name]) for name, value in row.items()}


def _plain(value: Any, feature: Any) -> Any:
    """The original value of a column of several types, which the table keeps as JSON."""
    if value is None:
        return None
    if isinstance(feature, datasets.Json):
        return json.loads(value)
    if isinstance(feature, dict) and isinstance(value, dict):
        return {name: _plain(held, feature[name]) for name, held in value.items()}
    if isinstance(feature, datasets.List | datasets.LargeList) and isinstance(value, list):
        return [_plain(each, feature.feature) for each in value]
    return value


def _sources(columns: Mapping[str, str]) -> dict[str, Column]:
    for field in columns:
        if field not in _FIELDS and not field.startswith("attributes."):
            hint = nearest(field, [*_FIELDS, "attributes.<label>"], "fields")
            raise ConfigError(f"columns: unknown field {field!r}; {hint}")
    for field in ("question", "answer"):
        if field not in columns:
            raise ConfigError(f"columns: no column is given for {field!r}")
    return {field: Column.parse(text) for field, text in columns.items()}


def _load(
    name_or_path: str, split: str, config_name: str | None, revision: str | None
) -> tuple[Path, datasets.Dataset]:
    """The table, and the folder in which its images lie if they are not in the table."""
    path = Path(name_or_path).expanduser()
    if path.exists():
        return (path.parent if path.is_file() else path), local_table(path, split, config_name)
    if revision is None:
        raise ConfigError(
            f"{name_or_path} is no local folder, and a data set of the hub needs a `revision` "
            "(a commit), so that the same rows are read again"
        )
    try:
        table = datasets.load_dataset(name_or_path, config_name, split=split, revision=revision)
    except (datasets.exceptions.DatasetsError, OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{name_or_path}: {error}") from error
    return Path(datasets.config.HF_CACHE_HOME), table


def _problems(
    rows: Iterator[Mapping[str, Any]],
    sources: Mapping[str, Column],
    root: Path,
    where: str,
    split: str,
) -> Iterator[Problem]:
    places: dict[str, str] = {}
    for number, row in enumerate(rows):
        place = f"{where} row {number}"
        problem = _problem(row, sources, root, place, split)
        first = places.setdefault(problem.problem_id, place)
        if first != place:
            raise DataError(f"{place}: id {problem.problem_id!r} is already taken by {first}")
        yield problem


def _problem(
    row: Mapping[str, Any], sources: Mapping[str, Column], root: Path, place: str, split: str
) -> Problem:
    texts = {
        field: source.text(row, place)
        for field, source in sources.items()
        if field not in ("images", "choices", "boxes")
    }
    question, answer = texts["question"], texts["answer"]
    if question is None or answer is None:
        missing = "question" if question is None else "answer"
        raise DataError(f"{place}: {missing} is empty (column {sources[missing].name!r})")
    images = [
        read_image(value, root, place, index)
        for index, value in enumerate(_list(row, sources.get("images")))
    ]
    return Problem(
        problem_id=texts.get("problem_id") or content_id(question, answer, images),
        split=split,
        question=question,
        images=images,
        answer=answer,
        solution=texts.get("solution"),
        cue=texts.get("cue"),
        boxes=read_boxes(_value(row, sources.get("boxes")), len(images), place),
        choices=[str(choice) for choice in _list(row, sources.get("choices"))],
        attributes={
            field.removeprefix("attributes."): text
            for field, text in texts.items()
            if field.startswith("attributes.") and text is not None
        },
    )


def _list(row: Mapping[str, Any], source: Column | None) -> list[Any]:
    """The values of a column that holds one, several or none."""
    return image_values(_value(row, source))


def _value(row: Mapping[str, Any], source: Column | None) -> Any:
    return source.value(row) if source else None
