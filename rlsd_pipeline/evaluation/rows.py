"""Reads the rows of a public benchmark as problems, from the hub or from a local copy."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.config.strict import describe
from rlsd_pipeline.data.hub import iterate_rows
from rlsd_pipeline.data.image_values import image_source
from rlsd_pipeline.data.images import fit_pixels, load_image
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.benchmark import Benchmark, Row
from rlsd_pipeline.evaluation.columns import check_columns, image_columns, plain_columns
from rlsd_pipeline.evaluation.row_sources import Source, hub_sources, local_sources
from schemas import Problem


def load_benchmark(benchmark: Benchmark) -> list[Problem]:
    """The declared rows of a benchmark with their images, in their order.

    A local copy may have any number of rows; on the hub there must be as many as the benchmark
    has.

    Raises:
        DataError: The data set cannot be reached, or a column, a row or an image is invalid.
        ComponentError: A user's benchmark cannot read a row.
    """
    if benchmark.path is None:
        sources = hub_sources(benchmark)
    else:
        sources = local_sources(benchmark, Path(benchmark.path))
    problems = _unique(problem for source in sources for problem in _with_images(benchmark, source))
    found = list(islice(problems, benchmark.limit))
    expected = benchmark.splits[benchmark.split].rows
    whole = benchmark.path is None and benchmark.limit is None and expected is not None
    if whole and len(found) != expected:
        raise DataError(
            f"{benchmark.hub_id} has {len(found)} rows in {benchmark.split} at revision "
            f"{benchmark.read_revision}, and the benchmark has {expected}: use the revision "
            f"{benchmark.commit or 'of another day'}"
        )
    return found


def read_items(benchmark: Benchmark, path: Path) -> dict[str, Problem]:
    """The rows of a local copy without their images, by id: all that scoring needs.

    Raises:
        DataError: The file, a column or a row is invalid.
        ComponentError: A user's benchmark cannot read a row.
    """
    problems = _unique(
        _problem(benchmark, row, place)
        for source in local_sources(benchmark, path)
        for row, place in _checked(benchmark, source, ())
    )
    return {problem.problem_id: problem for problem in problems}


def _checked(
    benchmark: Benchmark, source: Source, images: Iterable[str]
) -> Iterator[tuple[dict[str, Any], str]]:
    """The rows and their places, once the columns are found to be the benchmark's."""
    features = source.table.features
    check_columns(benchmark, features, source.place)
    columns = dict.fromkeys([*plain_columns(features), *images])
    for number, row in enumerate(iterate_rows(source.table, list(columns))):
        yield row, f"{source.place} row {number}"


def _problem(benchmark: Benchmark, row: Row, place: str) -> Problem:
    split = benchmark.split
    try:
        problem = _read(benchmark, row, place)
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


def _read(benchmark: Benchmark, row: Row, place: str) -> Problem:
    with guarded(benchmark, f"read, {place}"):
        try:
            return benchmark.read(row)
        except ValidationError as error:
            raise DataError(describe(error, Problem, f"not a row of {benchmark.name}")) from error


def _with_images(benchmark: Benchmark, source: Source) -> Iterator[Problem]:
    columns = image_columns(benchmark, source.table.features, source.place)
    for row, place in _checked(benchmark, source, columns):
        images = []
        for column in columns:
            values = row[column] if isinstance(row[column], list) else [row[column]]
            for value in values:
                if value is not None:
                    where = f"{place}, {column}"
                    images.append(load_image(image_source(value, source.root, where), place=where))
        if columns and not images:
            raise DataError(f"{place}: there is no image in {', '.join(columns)}")
        # Each image of a prompt may have an equal part of its pixels.
        fitted = [fit_pixels(image, benchmark.max_pixels // len(images)) for image in images]
        problem = _problem(benchmark, row, place)
        yield problem.model_copy(update={"images": fitted})


def _unique(problems: Iterable[Problem]) -> Iterator[Problem]:
    seen: set[str] = set()
    for problem in problems:
        if problem.problem_id in seen:
            raise DataError(f"two rows have the id {problem.problem_id!r}")
        seen.add(problem.problem_id)
        yield problem
