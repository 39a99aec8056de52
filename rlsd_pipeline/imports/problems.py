"""The prompts of a log as problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from rlsd_pipeline.imports.naming import ProblemNames
from rlsd_pipeline.imports.recognised import nothing_usable
from rlsd_pipeline.imports.rollout_format import RolloutFormat
from rlsd_pipeline.imports.row import SampledRow, UnusableError
from rlsd_pipeline.imports.tokens import TokenReader
from schemas import Problem
from schemas.problem import NO_ANSWER


def logged_problems(
    source: RolloutFormat, reader: TokenReader, advance: Callable[[int], None]
) -> list[Problem]:
    """A problem for each prompt of a log, all of its steps together, in the log's order.

    Args:
        source: The log.
        reader: Takes a chat template off a prompt.
        advance: Told how many rows were read.

    Raises:
        DataError: The log is of another format, or no row has a prompt.
    """
    names, found = ProblemNames(source.name), dict[str, Problem]()
    unusable: Counter[str] = Counter()
    for row in source.rows():
        advance(1)
        if not isinstance(row, SampledRow):
            unusable[row.reason] += 1
            continue
        try:
            name = names.of(row)
        except UnusableError as error:
            unusable[str(error)] += 1
            continue
        if name not in found:
            found[name] = Problem(
                problem_id=name,
                split="train",
                question=reader.question(row),
                images=row.images,
                answer=row.answer or NO_ANSWER,
                solution=None,
                choices=[],
                attributes={},
            )
    if not found:
        raise nothing_usable(source, unusable)
    return list(found.values())
