"""Generated sums and differences of whole numbers, with the running results as a solution.

What is 12 + 7 - 4?      12 + 7 = 19, 19 - 4 = 15      15
"""

import random
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field

from rlsd_pipeline.data.source import DataSource
from rlsd_pipeline.errors import DataError
from schemas import Problem

VERSION = "1"
"""Raised by hand when the same declaration draws other problems."""

_REJECTIONS = 10_000
"""Rejected draws in a row after which no new question is expected."""

Split = Literal["train", "test"]


class Expression(NamedTuple):
    """Numbers with what stands between them, read from left to right.

    Attributes:
        numbers: At least two.
        operations: `+` or `-`; one fewer.
    """

    numbers: tuple[int, ...]
    operations: tuple[str, ...]

    def __str__(self) -> str:
        """The computation with blanks, as in the question."""
        rest = zip(self.operations, self.numbers[1:], strict=True)
        return " ".join([str(self.numbers[0]), *(f"{sign} {number}" for sign, number in rest)])

    @property
    def running(self) -> list[int]:
        """The first number and the result after each further one."""
        results = [self.numbers[0]]
        for sign, number in zip(self.operations, self.numbers[1:], strict=True):
            results.append(results[-1] + number if sign == "+" else results[-1] - number)
        return results

    @property
    def steps(self) -> str:
        """One equation for each operation."""
        results = self.running
        return ", ".join(
            f"{before} {sign} {number} = {after}"
            for before, sign, number, after in zip(
                results, self.operations, self.numbers[1:], results[1:], strict=False
            )
        )


class ArithmeticDataset(DataSource):
    """Sums and differences of whole numbers as text, with the running results as a solution.

    The problems are drawn without repetition. No held-out problem has the same numbers as a
    training problem, in any order.
    """

    type: Literal["arithmetic"] = "arithmetic"

    test_share: ClassVar[float] = 0.0  # type: ignore[misc]  # It draws a test split of its own.

    train_questions: Annotated[int, Field(ge=1)] = 2000
    """Number of training questions."""

    test_questions: Annotated[int, Field(ge=1)] = 200
    """Held-out questions."""

    terms: list[Annotated[int, Field(ge=2, le=8)]] = Field(default=[2, 3], min_length=1)
    """Numbers in a question; each length is drawn equally often."""

    largest: Annotated[int, Field(ge=2)] = 20
    """Numbers are drawn from 1 to this."""

    operations: list[Literal["+", "-"]] = Field(default=["+", "-"], min_length=1)
    """Operations between two numbers; no running result is negative."""

    seed: int = 0
    """Seed of the drawn questions."""

    def problems(self) -> list[Problem]:
        """The problems of both splits.

        Raises:
            DataError: There are fewer different questions.
        """
        found: dict[Split, list[Problem]] = {"train": [], "test": []}
        lengths = sorted(set(self.terms))
        for place, length in enumerate(lengths):
            rng = random.Random(f"arithmetic/{self.seed}/{length}")
            count = _share(self.test_questions, lengths, place)
            held_out = _draw(self, length, count, set(), rng)
            known = {_numbers(expression) for expression in held_out}
            train = _draw(self, length, _share(self.train_questions, lengths, place), known, rng)
            found["test"] += [_problem("test", expression) for expression in held_out]
            found["train"] += [_problem("train", expression) for expression in train]
        return found["train"] + found["test"]

    def content_version(self) -> str:
        """The version of the way in which they are drawn."""
        return f"arithmetic {VERSION}"

    @property
    def held_out_count(self) -> int:
        """The declared number."""
        return self.test_questions

    @property
    def bytes_to_read(self) -> int:
        """They are drawn."""
        return 0


def _share(count: int, lengths: list[int], place: int) -> int:
    return count // len(lengths) + (place < count % len(lengths))


def _numbers(expression: Expression) -> tuple[int, ...]:
    return tuple(sorted(expression.numbers))


def _draw(
    config: ArithmeticDataset,
    length: int,
    count: int,
    excluded: set[tuple[int, ...]],
    rng: random.Random,
) -> list[Expression]:
    """Different expressions without a negative result on the way, none of excluded numbers."""
    drawn: dict[Expression, None] = {}
    rejections = 0
    while len(drawn) < count:
        found = Expression(
            tuple(rng.randint(1, config.largest) for _ in range(length)),
            tuple(rng.choice(config.operations) for _ in range(length - 1)),
        )
        if min(found.running) >= 0 and found not in drawn and _numbers(found) not in excluded:
            drawn[found], rejections = None, 0
            continue
        rejections += 1
        if rejections == _REJECTIONS:
            raise DataError(
                f"there are no more than some {len(drawn)} different questions of {length} numbers "
                f"up to {config.largest} beside those held out, {count} were asked for: raise "
                "`largest` or `terms`, or ask for fewer questions"
            )
    return list(drawn)


def _problem(split: Split, expression: Expression) -> Problem:
    signs = set(expression.operations)
    return Problem(
        problem_id=str(expression).replace(" ", ""),
        split=split,
        question=f"What is {expression}?",
        images=[],
        answer=str(expression.running[-1]),
        solution=expression.steps,
        choices=[],
        attributes={
            "terms": str(len(expression.numbers)),
            "operations": signs.pop() if len(signs) == 1 else "mixed",
        },
    )
