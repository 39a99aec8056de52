"""The reference solution of a problem, required."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlsd_pipeline.errors import DataError

if TYPE_CHECKING:
    from schemas import Problem


def require_solution(problem: Problem, why: str) -> str:
    """The reference solution.

    Args:
        problem: Whose.
        why: What it is needed for, for the message.

    Raises:
        DataError: The problem has no reference solution.
    """
    if problem.solution is None:
        raise DataError(
            f"problem {problem.problem_id} has no reference solution, and {why}: add `solution` to "
            "the data, or declare another method or `privileged: answer`"
        )
    return problem.solution
