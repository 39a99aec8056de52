"""MMMU (Yue et al., 2024): 900 college-level questions, 30 of each of 30 subjects."""

import re
from collections.abc import Sequence
from typing import Literal

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.benchmark import Benchmark, Row, Split
from rlsd_pipeline.evaluation.benchmarks.mmmu_official import (
    OfficialRule,
    accepted_answers,
    literal_strings,
    option_letters,
)
from rlsd_pipeline.evaluation.robust import robust_rule
from rlsd_pipeline.verifiers.exact import normalise
from schemas import Problem, Verdict

DISCIPLINES = {
    "Art and Design": ("Art", "Art_Theory", "Design", "Music"),
    "Business": ("Accounting", "Economics", "Finance", "Manage", "Marketing"),
    "Science": ("Biology", "Chemistry", "Geography", "Math", "Physics"),
    "Health and Medicine": (
        "Basic_Medical_Science",
        "Clinical_Medicine",
        "Diagnostics_and_Laboratory_Medicine",
        "Pharmacy",
        "Public_Health",
    ),
    "Humanities and Social Science": ("History", "Literature", "Psychology", "Sociology"),
    "Tech and Engineering": (
        "Agriculture",
        "Architecture_and_Engineering",
        "Computer_Science",
        "Electronics",
        "Energy_and_Power",
        "Materials",
        "Mechanical_Engineering",
    ),
}
"""Discipline -> its subjects, which are the configurations on the hub."""

_DISCIPLINE = {subject: name for name, subjects in DISCIPLINES.items() for subject in subjects}
_ID = re.compile(r"(dev|validation|test)_(.+)_\d+")
_QUESTION_TYPES = {
    "multiple-choice": "multiple-choice",
    "open": "open",
    # The authors' own answer file calls it so.
    "short-answer": "open",
}
# The name of a substance is neither mathematics nor one word; a command of LaTeX is no word.
_WORD = re.compile(r"(?<![\\A-Za-z])[^\W\d_]{4,}")
_LABELS = {"subfield": "subfield", "img_type": "image_type", "topic_difficulty": "difficulty"}
_BY_LETTER = "Answer with the option's letter from the given choices directly."
_BY_PHRASE = "Answer the question using a single word or phrase."


def prompt(problem: Problem) -> str:
    """The authors' prompt, of `llava1.5.yaml`; they had every model answer without thoughts."""
    if not problem.choices:
        return f"{problem.question}\n\n{_BY_PHRASE}"
    options = zip(option_letters(problem), problem.choices, strict=True)
    listed = "".join(f"({letter}) {text}\n" for letter, text in options)
    return f"{problem.question}\n\n{listed}\n\n{_BY_LETTER}"


class RobustRule:
    """The final answer, by letter or by option text; to an open question any of the golds.

    Numbers agree when they do to two decimal places, as in the official rule.
    """

    def __init__(self) -> None:
        self._rule = robust_rule(float_rounding=2)

    def extract(self, response: str, problem: Problem) -> str | None:
        """The final answer of the response."""
        return self._rule.extract(response, problem)

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare with each gold answer; a missing judgement on one means no judgement."""
        options = dict(zip(option_letters(problem), problem.choices, strict=True))
        golds = accepted_answers(problem.answer)
        # The prompt asks for a letter: a bare one is never the text of another option.
        if (letter := answer.strip(" ().:")) in options:
            same = options[letter] in [options[gold] for gold in golds]
            return (Verdict.CORRECT if same else Verdict.INCORRECT), None
        outcomes: list[tuple[Verdict, str | None]] = []
        for gold in golds:
            outcomes.append(self._compare(answer, problem, gold))
            # An answer that cannot be read, or took too long to, is so beside every gold.
            if outcomes[-1][0] is not Verdict.INCORRECT:
                return outcomes[-1]
        return outcomes[0]

    def _compare(self, answer: str, problem: Problem, gold: str) -> tuple[Verdict, str | None]:
        shown = f"({gold})" if problem.choices else gold
        asked = problem.model_copy(update={"answer": shown})
        if not problem.choices and _WORD.search(gold):
            same = normalise(answer) == normalise(gold)
            return (Verdict.CORRECT if same else Verdict.INCORRECT), None
        return self._rule.compare(answer, asked)


def _label(value: str) -> str:
    return ", ".join(literal_strings(value) or [value])


def _check(problem: Problem) -> None:
    question_type = problem.attributes["question_type"]
    if question_type not in _QUESTION_TYPES:
        known = ", ".join(_QUESTION_TYPES)
        raise DataError(
            f"MMMU question {problem.problem_id} is of the type {question_type!r}; known: {known}"
        )
    if bool(problem.choices) != (question_type == "multiple-choice"):
        raise DataError(
            f"MMMU question {problem.problem_id} is {question_type} and has "
            f"{len(problem.choices)} options"
        )
    letters = option_letters(problem)
    if letters and not set(accepted_answers(problem.answer)) <= set(letters):
        raise DataError(
            f"MMMU question {problem.problem_id}: the answer {problem.answer!r} is none of the "
            f"options {letters[0]} to {letters[-1]}; the test split comes without answers"
        )


class MMMU(Benchmark):
    """MMMU, validation: college questions of 30 subjects."""

    type: Literal["mmmu"] = "mmmu"

    title = "MMMU"
    hub_id = "MMMU/MMMU"
    commit = "171b0ef74cd1704464e6940860968009d8cdd59a"
    licence = "Apache-2.0"
    configs = tuple(sorted(_DISCIPLINE))
    splits = {"validation": Split("validation", 900)}
    columns = {
        "id": "text",
        "question": "text",
        "options": "text",
        "answer": "text",
        "question_type": "text",
    }
    id_column = "id"
    images = tuple(f"image_{number}" for number in range(1, 8))
    rules = {"official": OfficialRule, "robust": RobustRule}
    labels = ("subject", "discipline", "question_type")
    protocol = (
        "The prompt is the authors' for LLaVA-1.5; the published table names none.",
        "The official rule draws a letter where it reads none; the robust one counts it as wrong.",
        "Some harnesses ask the 53 open questions as choices between the answer and others.",
    )

    def read(self, row: Row) -> Problem:
        """A row of any configuration; the tags `<image N>` stay where they are.

        A tag may be repeated, come out of order, stand in an option or be missing: the images are
        given in the order of their columns, so `<image N>` always speaks of the N-th.

        Raises:
            DataError: The id names no subject of MMMU, the options are no list of strings, or
                type, options and answer of the question do not go together.
        """
        problem_id = str(row["id"])
        name = _ID.fullmatch(problem_id)
        if not name or name[2] not in _DISCIPLINE:
            raise DataError(
                f"MMMU question {problem_id!r}: the id must be `<split>_<subject>_<number>` with "
                f"one of the {len(_DISCIPLINE)} subjects, such as validation_Art_Theory_7"
            )
        choices = literal_strings(row["options"])
        if choices is None:
            raise DataError(
                f"MMMU question {problem_id}: options must be a Python list of strings written as "
                f"text, found {row['options'][:80]!r}"
            )
        labels = {
            label: _label(row[column]) for column, label in _LABELS.items() if row.get(column)
        }
        problem = Problem(
            problem_id=problem_id,
            split=name[1],
            question=row["question"],
            images=[],
            answer=str(row["answer"]),
            solution=None,
            choices=choices,
            attributes={
                "subject": name[2],
                "discipline": _DISCIPLINE[name[2]],
                "question_type": _QUESTION_TYPES.get(row["question_type"], row["question_type"]),
                **labels,
            },
        )
        _check(problem)
        return problem

    def prompt(self, problem: Problem) -> str:
        """The authors' prompt, by the function `prompt`."""
        return prompt(problem)

    def guesses(self, problem: Problem) -> Sequence[str]:
        """The letters of the options."""
        return option_letters(problem)
