from collections.abc import Callable, Iterator

import pytest

from rlsd_pipeline.verifiers.math import MathVerifier
from schemas.problem import Problem


def _problem(answer: str, *, problem_id: str = "p", choices: list[str] | None = None) -> Problem:
    return Problem(
        problem_id=problem_id,
        split="test",
        question="What is it?",
        images=[],
        answer=answer,
        solution=None,
        choices=choices or [],
        attributes={},
    )


@pytest.fixture(scope="session")
def problem() -> Callable[..., Problem]:
    return _problem


@pytest.fixture(scope="session")
def mathematics() -> Iterator[MathVerifier]:
    """One worker for all tests; starting it takes a second."""
    verifier = MathVerifier()
    yield verifier
    verifier.close()
