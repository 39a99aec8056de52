"""Checks that a table has the columns of a benchmark, before any row is read."""

from collections.abc import Sequence
from typing import Any

import datasets

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.benchmark import Benchmark

_NULL = "nothing but nulls"
_IMAGE = ("image", "images", "text", "list", "struct", "binary")
"""An image may be its bytes, a file's path or both; a row may have one, several or none."""

_ACCEPTED = {
    # An id may be a number.
    "text": ("text", "integer"),
    "number": ("integer", "number"),
    "list": ("list",),
    "struct": ("struct",),
    "image": _IMAGE,
    "images": _IMAGE,
}


def check_columns(benchmark: Benchmark, features: datasets.Features, place: str) -> None:
    """Check that every declared column exists and has the right kind of values.

    Raises:
        DataError: The first column that is missing or holds something else, what was found, and
            the revision that the columns are expected of.
    """
    expected = f"expected are {_rows_of(benchmark)}"
    for name, kind in benchmark.columns.items():
        if kind in ("image", "images"):
            continue
        if name not in features:
            found = ", ".join(features)
            raise DataError(f"{place}: there is no column {name!r}; found: {found}; {expected}")
        if (found := kind_of(features[name])) not in (*_ACCEPTED[kind], _NULL):
            raise DataError(f"{place}: column {name!r} holds {found}, not {kind}; {expected}")


def image_columns(benchmark: Benchmark, features: datasets.Features, place: str) -> list[str]:
    """The columns that hold a row's images.

    Where the hub's tables have decoded images, the authors' JSON files have paths instead, in the
    column of the same name without `decoded`.

    Raises:
        DataError: A column is missing, or cannot hold images.
    """
    columns = []
    for name in benchmark.images:
        path = name.replace("decoded_", "").replace("_decoded", "")
        column = name if name in features else path
        if column not in features:
            found = ", ".join(features)
            raise DataError(
                f"{place}: there is no column {name!r} with images; found: {found}; expected are "
                f"{_rows_of(benchmark)}"
            )
        if (kind := kind_of(features[column])) not in (*_IMAGE, _NULL):
            raise DataError(f"{place}: column {column!r} holds {kind}, not images")
        columns.append(column)
    return columns


def _rows_of(benchmark: Benchmark) -> str:
    if not benchmark.hub_id:
        return f"the columns that {type(benchmark).__name__} names"
    return f"the rows of {benchmark.hub_id} at revision {benchmark.read_revision}"


def plain_columns(features: datasets.Features) -> Sequence[str]:
    """The columns without images, which is all that scoring reads."""
    return [name for name, each in features.items() if kind_of(each) not in ("image", "images")]


def kind_of(feature: Any) -> str:
    """The kind of a column's values, named as in `ColumnKind` if possible."""
    if isinstance(feature, datasets.Image):
        return "image"
    if isinstance(feature, dict):
        return "struct"
    if isinstance(feature, datasets.List | datasets.LargeList):
        return "images" if isinstance(feature.feature, datasets.Image) else "list"
    if not isinstance(feature, datasets.Value):
        return "values of several kinds" if isinstance(feature, datasets.Json) else str(feature)
    dtype = feature.dtype
    if dtype == "null":
        return _NULL
    if "string" in dtype:
        return "text"
    if dtype.lstrip("u").startswith("int"):
        return "integer"
    return "number" if dtype.startswith(("float", "decimal")) else dtype
