"""MathVista (Lu et al., 2024): 1,000 questions on mathematics in pictures."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.aggregate import by_question
from rlsd_pipeline.evaluation.benchmark import Benchmark, Row, Split
from rlsd_pipeline.evaluation.benchmarks.mathvista_official import (
    MathVistaOfficial,
    head_integer,
)
from rlsd_pipeline.evaluation.benchmarks.mathvista_robust import MathVistaRobust
from rlsd_pipeline.evaluation.scored import Scored, Summary
from schemas import Problem

_METADATA = ("language", "source", "category", "task", "context", "grade")
_SKILLS = "skills"
_SEPARATOR = "; "

_HINTS = {
    "text": (
        "Please answer the question and provide the correct option letter, "
        "e.g., A, B, C, D, at the end."
    ),
    "integer": (
        "Please answer the question requiring an integer answer and provide the final value, "
        "e.g., 1, 2, 3, at the end."
    ),
    "float 1": (
        "Please answer the question requiring a floating-point number with one decimal place "
        "and provide the final value, e.g., 1.2, 1.3, 1.4, at the end."
    ),
    "float 2": (
        "Please answer the question requiring a floating-point number with two decimal places "
        "and provide the final value, e.g., 1.23, 1.34, 1.45, at the end."
    ),
    "list": (
        "Please answer the question requiring a Python list as an answer and provide the final "
        "list, e.g., [1, 2, 3], [1.2, 1.3, 1.4], at the end."
    ),
}
"""Answer type, of numbers with a fraction with their decimal places -> the authors' words."""


_by_label = by_question("question_type", "answer_type", *_METADATA)
_by_skill = by_question(_SKILLS)


def _skills(problem: Problem) -> list[str]:
    return problem.attributes[_SKILLS].split(_SEPARATOR)


def _with_skill(scored: Scored, skill: str) -> Scored:
    attributes = {_SKILLS: skill}
    return scored._replace(problem=scored.problem.model_copy(update={"attributes": attributes}))


def _kind(attributes: dict[str, str]) -> str:
    kind = attributes["answer_type"]
    return f"{kind} {attributes.get('precision')}" if kind == "float" else kind


def _check(pid: Any, attributes: dict[str, str], choices: Sequence[str]) -> None:
    if _kind(attributes) not in _HINTS:
        raise DataError(
            f"MathVista question {pid} asks for an answer of the kind {_kind(attributes)!r}; "
            f"known are {', '.join(_HINTS)}"
        )
    if bool(choices) != (attributes["question_type"] == "multi_choice"):
        raise DataError(
            f"MathVista question {pid} is {attributes['question_type']} "
            f"and has {len(choices)} choices"
        )


class MathVista(Benchmark):
    """MathVista, testmini; the official rule is that of the repository's head."""

    type: Literal["mathvista"] = "mathvista"

    title = "MathVista"
    hub_id = "AI4Math/MathVista"
    commit = "2b6ad69445fbb5695c9b165475e8decdbeb97747"
    licence = "CC-BY-SA-4.0, for testing only"
    splits = {"testmini": Split("testmini", 1000)}
    columns = {
        "pid": "text",
        "question": "text",
        "choices": "list",
        "unit": "text",
        "precision": "number",
        "answer": "text",
        "question_type": "text",
        "answer_type": "text",
        "metadata": "struct",
    }
    id_column = "pid"
    images = ("decoded_image",)
    rules = {"official": partial(MathVistaOfficial, head_integer), "robust": MathVistaRobust}
    protocol = (
        "The authors let a language model extract the answer of a response that is not the bare "
        "answer; without a judge the official rule leaves such a response unparsed.",
        "The published table names neither its prompt nor its way to extract answers.",
    )

    def read(self, row: Row) -> Problem:
        """A row of the hub or of the authors' `testmini.json`.

        Raises:
            DataError: The row has no choices where it must, or asks for an unknown kind of answer.
        """
        metadata, precision, unit = row["metadata"], row["precision"], row["unit"]
        attributes = {
            "question_type": row["question_type"],
            "answer_type": row["answer_type"],
            **{label: metadata[label] for label in _METADATA},
            _SKILLS: _SEPARATOR.join(dict.fromkeys(metadata[_SKILLS])),
        }
        if precision is not None:
            attributes["precision"] = str(int(precision))
        if unit:
            attributes["unit"] = unit
        choices = list(row["choices"] or ())
        _check(row["pid"], attributes, choices)
        return Problem(
            problem_id=str(row["pid"]),
            split=metadata["split"],
            question=row["question"],
            images=[],
            answer=row["answer"],
            solution=None,
            choices=choices,
            attributes=attributes,
        )

    def prompt(self, problem: Problem) -> str:
        """The authors' query: the hub's column `query` without the blanks around it."""
        unit = problem.attributes.get("unit")
        lines = [
            f"Hint: {_HINTS[_kind(problem.attributes)]}",
            f"Question: {problem.question}" + (f" (Unit: {unit})" if unit else ""),
        ]
        if problem.choices:
            lines.append("Choices:")
            lines += [f"({chr(ord('A') + i)}) {choice}" for i, choice in enumerate(problem.choices)]
        return "\n".join(lines).strip()

    def summarise(self, scored: Sequence[Scored], confidence: float) -> Summary:
        """The mean over questions, and the authors' breakdown: a question is in all its skills."""
        summary = _by_label(scored, confidence)
        breakdown = dict(summary.breakdown)
        for skill in sorted({skill for each in scored for skill in _skills(each.problem)}):
            having = [_with_skill(each, skill) for each in scored if skill in _skills(each.problem)]
            breakdown |= _by_skill(having, confidence).breakdown
        return summary._replace(breakdown=breakdown)
