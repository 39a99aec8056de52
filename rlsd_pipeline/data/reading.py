"""Reads a source as problems with a train and a test split."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, cast

from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.data.own_row import own_problem
from rlsd_pipeline.data.source import DataSource
from rlsd_pipeline.errors import ComponentError, DataError
from schemas import Problem


def read_problems(source: DataSource) -> list[Problem]:
    """The problems of a source; images decode, ids are distinct, both splits are there.

    Raises:
        DataError: A row is not a problem; the message names the place.
        ComponentError: A source of a user's own failed.
    """
    if source.origin is not None:
        problems = _distinct(_own(source))
    else:
        problems = cast("list[Problem]", [*source.problems()])
    if not problems:
        raise DataError("the data set has no rows")
    return _hold_out(problems, source.test_share)


def _own(source: DataSource) -> Iterator[tuple[str, Problem]]:
    """The problems of a user's source, each with its place, for messages."""
    with guarded(source, "its problems"):
        given = source.problems()
    who = f"{source.component_kind} `{source.origin.name if source.origin else source.type}`"
    if not isinstance(given, Iterable):
        raise ComponentError(f"{who}: `problems` gave {given!r}: let it yield or return problems")
    rows = iter(given)
    for number in count(1):
        with guarded(source, f"row {number}"):
            try:
                row = next(rows)
            except StopIteration:
                return
            place = f"{who}, row {number} ({_line(source, rows)})"
            problem = own_problem(row, source.image_folder, place)
        yield place, problem


def _line(source: DataSource, rows: Any) -> str:
    """The line that yielded a row; for a list, the first line of the method that returned it."""
    frame = getattr(rows, "gi_frame", None)
    code = frame.f_code if frame else type(source).problems.__code__
    return f"{code.co_filename}, line {frame.f_lineno if frame else code.co_firstlineno}"


def _distinct(placed: Iterable[tuple[str, Problem]]) -> list[Problem]:
    places: dict[str, str] = {}
    problems = []
    for place, problem in placed:
        if (first := places.setdefault(problem.problem_id, place)) != place:
            raise DataError(f"{place}: id {problem.problem_id!r} is already taken by {first}")
        problems.append(problem)
    return problems


def _hold_out(problems: list[Problem], share: float) -> list[Problem]:
    """Hold out the rows whose id hashes lowest, where the source names no test split."""
    if share == 0 or any(problem.split == "test" for problem in problems):
        return problems
    if len(problems) < 2:
        raise DataError("the data set has one row: it takes two to learn from one and hold one out")
    held = _drawn((problem.problem_id for problem in problems), share)
    return [p.model_copy(update={"split": "test"}) if p.problem_id in held else p for p in problems]


def _drawn(names: Iterable[str], share: float) -> set[str]:
    by_hash = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    return set(by_hash[: max(1, round(share * len(by_hash)))])


def named_test(problems: Sequence[Problem], share: float) -> set[str]:
    """Ids of the test problems that the data names as such, and not the share that is drawn here.

    Args:
        problems: All of the data set, as `read_problems` gives them.
        share: Its `test_share`.
    """
    test = {problem.problem_id for problem in problems if problem.split == "test"}
    drawn = _drawn((problem.problem_id for problem in problems), share) if share else set()
    return set() if test == drawn else test
