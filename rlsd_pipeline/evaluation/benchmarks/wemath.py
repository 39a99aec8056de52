"""We-Math (Qiao et al., 2024): 1,740 questions in 525 chains of single steps and the problem."""

import re
from collections.abc import Sequence
from typing import Literal

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.benchmark import Benchmark, Row, Split
from rlsd_pipeline.evaluation.benchmarks.wemath_score import CONCEPT, KEY, summarise, whole_group
from rlsd_pipeline.evaluation.robust import robust_rule
from rlsd_pipeline.evaluation.scored import CLUSTER, Scored, Summary
from schemas import Problem, Verdict

OPTION = "option"
"""Attribute that holds the options, one text that cannot be taken apart reliably."""

_LETTERS = "ABCDEFGH"
_OPTION_LETTER = re.compile(r"(?:^|[;；])\s*([A-H])[.．、]\s*(?=[^;；\s])")
_MARKS = str.maketrans("", "", "><:.")
_KEYS = frozenset(whole_group(2) | whole_group(3))

_PROMPT = (
    "Now, we require you to solve a multiple-choice math question. Please briefly describe your "
    "thought process and provide the final answer(option).\n"
    "Question: {question}\n"
    "Option: {option}\n"
    "Regarding the format, please answer following the template below, and be sure to include "
    "two <> symbols:\n"
    "<Thought process>: <<your thought process>> <Answer>: <<your option>>"
)


class OfficialRule:
    """The authors' `four_dimensional_metrics.py`: a capital letter right after `Answer`."""

    def extract(self, response: str, problem: Problem) -> str | None:
        """The text after the last `Answer`, or all of it, if a letter from A to H begins it."""
        tail = response.rpartition("Answer")[2].strip().translate(_MARKS).strip()
        return tail[0] if tail and tail[0] in _LETTERS else None

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Equality of letters."""
        return (Verdict.CORRECT if answer == problem.answer else Verdict.INCORRECT), None


class WeMath(Benchmark):
    """We-Math, testmini: the four-dimensional score over chains of questions."""

    type: Literal["wemath"] = "wemath"

    title = "WeMath"
    hub_id = "We-Math/We-Math"
    commit = "527c44d4d94c4e3c7c98157460146a8b18c8420a"
    licence = "CC-BY-NC-4.0"
    splits = {"testmini": Split("testmini", 1740)}
    columns = {
        "ID": "text",
        "split": "text",
        "knowledge concept": "text",
        "question": "text",
        "option": "text",
        "answer": "text",
        "key": "text",
        "question number": "number",
    }
    id_column = "question number"
    images = ("image_path",)
    rules = {"official": OfficialRule, "robust": robust_rule}
    protocol = (
        "The published table is taken to be the strict score, whose denominator fits it.",
        "The authors' domains need their file of knowledge nodes, which is not in the data set: "
        "a domain is the mean of its concepts here.",
    )

    def read(self, row: Row) -> Problem:
        """A row of the hub or of the authors' `testmini.json`.

        The choices are letters alone, up to the last of the row: a few option texts lack a
        separator or a letter.

        Raises:
            DataError: The key or the answer is none of We-Math's.
        """
        number, key, answer = str(row["question number"]), row["key"], row["answer"]
        if key not in _KEYS:
            raise DataError(
                f"We-Math question {number} has the key {key!r}; known are "
                f"{', '.join(sorted(_KEYS))}"
            )
        if len(answer) != 1 or answer not in _LETTERS:
            raise DataError(
                f"We-Math question {number} has the answer {answer!r}, not one of A to H"
            )
        last = max([answer, *_OPTION_LETTER.findall(row["option"])])
        return Problem(
            problem_id=number,
            split=row["split"],
            question=row["question"],
            images=[],
            answer=answer,
            solution=None,
            choices=list(_LETTERS[: _LETTERS.index(last) + 1]),
            attributes={
                CLUSTER: row["ID"],
                KEY: key,
                CONCEPT: row["knowledge concept"],
                OPTION: row["option"],
            },
        )

    def prompt(self, problem: Problem) -> str:
        """The authors' prompt, with the options as they are."""
        return _PROMPT.format(question=problem.question, option=problem.attributes[OPTION])

    def summarise(self, scored: Sequence[Scored], confidence: float) -> Summary:
        """The strict score with the authors' table."""
        return summarise(scored, confidence)
