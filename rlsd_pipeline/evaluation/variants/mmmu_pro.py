"""MMMU-Pro (Yue et al., 2024): 1,730 of MMMU's questions with up to ten options each.

It is scored from stored responses. The authors' output files hold the rows as well, so that one
file serves as items and as predictions.
"""

import ast
from collections.abc import Sequence
from typing import Any, Literal

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.benchmark import Benchmark, Row, Split
from rlsd_pipeline.evaluation.benchmarks.mmmu import RobustRule, prompt
from rlsd_pipeline.evaluation.benchmarks.mmmu_official import (
    LONGEST_LITERAL,
    OfficialProRule,
    option_letters,
)
from schemas import Problem, Verdict

_IN_THE_PICTURE = "The question is in the picture."
_ONE_OPTION = "official_option"
"""Attribute of a row whose options are a list in a list: the authors' code takes it for one."""


def _options(text: str, problem_id: str) -> list[Any]:
    try:
        options = ast.literal_eval(text) if len(text) <= LONGEST_LITERAL else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        options = None
    if not isinstance(options, list) or not options:
        raise DataError(
            f"MMMU-Pro question {problem_id}: options must be a Python list written as text, "
            f"found {text[:80]!r}"
        )
    return options


class OfficialRule:
    """The rule of `mmmu-pro/evaluate.py` on the options as its code sees them."""

    def __init__(self) -> None:
        self._rule = OfficialProRule()

    def extract(self, response: str, problem: Problem) -> str | None:
        """The letter."""
        return self._rule.extract(response, _as_the_authors_see(problem))

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Equality of letters."""
        return self._rule.compare(answer, problem)


def _as_the_authors_see(problem: Problem) -> Problem:
    option = problem.attributes.get(_ONE_OPTION)
    return problem if option is None else problem.model_copy(update={"choices": [option]})


class MMMUPro(Benchmark):
    """MMMU-Pro: up to ten options a question."""

    type: Literal["mmmu_pro"] = "mmmu_pro"

    title = "MMMU-Pro"
    hub_id = "MMMU/MMMU_Pro"
    commit = "main"
    licence = "Apache-2.0"
    splits = {"test": Split("test", 1730)}
    columns = {"id": "text", "options": "text", "answer": "text", "subject": "text"}
    id_column = "id"
    images = tuple(f"image_{number}" for number in range(1, 8))
    rules = {"official": OfficialRule, "robust": RobustRule}
    labels = ("subject",)
    protocol = ("The official rule draws a letter where it reads none.",)

    def read(self, row: Row) -> Problem:
        """A row of the hub or of an output file of the authors.

        Raises:
            DataError: The options are no list, or the answer is not the letter of one.
        """
        problem_id, answer = str(row["id"]), str(row["answer"])
        options, attributes = _options(row["options"], problem_id), {"subject": str(row["subject"])}
        if len(options) == 1 and isinstance(options[0], list):
            attributes[_ONE_OPTION] = str(options[0])
            options = options[0]
        problem = Problem(
            problem_id=problem_id,
            split="test",
            question=row.get("question") or _IN_THE_PICTURE,
            images=[],
            answer=answer,
            solution=None,
            choices=[str(option) for option in options],
            attributes=attributes,
        )
        if answer not in option_letters(problem):
            raise DataError(
                f"MMMU-Pro question {problem_id} has {len(options)} options and the answer "
                f"{answer!r}, not the letter of one of them"
            )
        return problem

    def prompt(self, problem: Problem) -> str:
        """The same prompt as MMMU's."""
        return prompt(problem)

    def guesses(self, problem: Problem) -> Sequence[str]:
        """The letters of the options, as the authors' code sees them."""
        return option_letters(_as_the_authors_see(problem))
