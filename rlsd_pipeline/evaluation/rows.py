"""The rows of a public benchmark as problems, from the hub or from a local copy."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from rlsd_pipeline.config.strict import nearest
from rlsd_pipeline.data.hub import iterate_rows
from rlsd_pipeline.data.image_values import image_source
from rlsd_pipeline.data.images import fit_pixels, load_image
from rlsd_pipeline.errors import ConfigError, DataError
from rlsd_pipeline.evaluation.benchmark import Benchmark, Row
from rlsd_pipeline.evaluation.columns import check_columns, image_columns, plain_columns
from rlsd_pipeline.evaluation.row_sources import Source, hub_sources, local_sources
from schemas import Problem


def load_benchmark(
    benchmark: Benchmark,
    *,
    split: str | None = None,
    path: str | None = None,
    revision: str | None = None,
    limit: int | None = None,
    max_pixels: int,
) -> list[Problem]:
    """A split of a benchmark with its images, in the order of its rows.

    Args:
        benchmark: Its definition.
        split: One of its splits; the first by default.
        path: A local folder or file in the official layout, with any number of rows; the hub is
            read without it, and must have as many rows as the benchmark.
        revision: The commit to read from the hub; the pinned one by default.
        limit: Take only the first this many rows.
        max_pixels: Of all images of a row together; larger ones are scaled down.

    Raises:
        ConfigError: The benchmark has no such split.
        DataError: It cannot be reached, or a column, a row or an image is not what it must be.
    """
    name, revision = split_name(benchmark, split), revision or benchmark.revision
    if path is None:
        sources = hub_sources(benchmark, name, revision)
    else:
        sources = local_sources(benchmark, Path(path), name)
    problems = _unique(
        problem
        for source in sources
        for problem in _with_images(benchmark, source, name, revision, max_pixels)
    )
    found = list(islice(problems, limit))
    expected = benchmark.splits[name].rows
    if path is None and limit is None and len(found) != expected:
        raise DataError(
            f"{benchmark.hub_id} has {len(found)} rows in {name} at revision {revision}, and the "
            f"benchmark has {expected}: use the revision {benchmark.revision}"
        )
    return found


def read_items(benchmark: Benchmark, path: Path, split: str | None = None) -> dict[str, Problem]:
    """The rows of a local copy without their images, by id: all that scoring needs.

    Raises:
        ConfigError: The benchmark has no such split.
        DataError: The file, a column or a row is not what it must be.
    """
    name = split_name(benchmark, split)
    problems = _unique(
        _problem(benchmark, row, place, name)
        for source in local_sources(benchmark, Path(path), name)
        for row, place in _checked(benchmark, source, benchmark.revision, ())
    )
    return {problem.problem_id: problem for problem in problems}


def split_name(benchmark: Benchmark, split: str | None) -> str:
    """The split that is meant: the first where none is named.

    Raises:
        ConfigError: The benchmark has no such split.
    """
    if split is None:
        return next(iter(benchmark.splits))
    if split not in benchmark.splits:
        hint = nearest(split, benchmark.splits, "splits")
        raise ConfigError(f"{benchmark.name} has no split {split!r}; {hint}")
    return split


def _checked(
    benchmark: Benchmark, source: Source, revision: str, images: Iterable[str]
) -> Iterator[tuple[dict[str, Any], str]]:
    """The rows and their places, once the columns are found to be the benchmark's."""
    features = source.table.features
    check_columns(benchmark, features, source.place, revision)
    columns = dict.fromkeys([*plain_columns(features), *images])
    for number, row in enumerate(iterate_rows(source.table, list(columns))):
        yield row, f"{source.place} row {number}"


def _problem(benchmark: Benchmark, row: Row, place: str, split: str) -> Problem:
    try:
        problem = benchmark.read(row)
    except DataError as error:
        raise DataError(f"{place}: {error}") from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{place}: not a row of {benchmark.name} ({type(error).__name__}: {error})"
        ) from error
    if problem.split not in (split, benchmark.splits[split].part_of):
        raise DataError(
            f"{place}: question {problem.problem_id} is of the split {problem.split}, and "
            f"{split} was asked for"
        )
    return problem.model_copy(update={"split": split})


def _with_images(
    benchmark: Benchmark, source: Source, split: str, revision: str, max_pixels: int
) -> Iterator[Problem]:
    columns = image_columns(benchmark, source.table.features, source.place, revision)
    for row, place in _checked(benchmark, source, revision, columns):
        images = []
        for column in columns:
            values = row[column] if isinstance(row[column], list) else [row[column]]
            for value in values:
                if value is not None:
                    where = f"{place}, {column}"
                    images.append(load_image(image_source(value, source.root, where), place=where))
        if not images:
            raise DataError(f"{place}: there is no image in {', '.join(columns)}")
        # Each image of a prompt may have an equal part of its pixels.
        fitted = [fit_pixels(image, max_pixels // len(images)) for image in images]
        problem = _problem(benchmark, row, place, split)
        yield problem.model_copy(update={"images": fitted})


def _unique(problems: Iterable[Problem]) -> Iterator[Problem]:
    seen: set[str] = set()
    for problem in problems:
        if problem.problem_id in seen:
            raise DataError(f"two rows have the id {problem.problem_id!r}")
        seen.add(problem.problem_id)
        yield problem
