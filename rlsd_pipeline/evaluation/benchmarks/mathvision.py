r"""MathVision (Wang et al., 2024): 3,040 competition questions on mathematics with a picture."""

import re
from dataclasses import dataclass, field
from typing import Literal

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.benchmark import Benchmark, Row, Split
from rlsd_pipeline.evaluation.benchmarks.mathvision_official import MathVisionRule
from rlsd_pipeline.evaluation.robust import robust_rule
from rlsd_pipeline.evaluation.scored import Rule
from schemas import Problem, Verdict

_INSTRUCTION = (
    'Please solve the problem step by step and put your answer in one "\\boxed{}". If it is a '
    'multiple choice question, only one letter is allowed in the "\\boxed{}".'
)
_LETTERS = ["A", "B", "C", "D", "E"]

_OFFICIAL_DECIMALS = 2

_SWALLOWED_FRACTION = "\x0crac"
_BOXED_GOLD = re.compile(r"\$?\\boxed\{(.*)\}\$?")
_WORD_BEHIND = re.compile(r"\{[a-z]{3,}\}$")
_DEGREES_BEHIND = re.compile(r"\^\{?\\circ\}?(?=\$?$)")


def readable_gold(gold: str) -> str:
    r"""A gold answer as the authors meant it, where the data set garbled it.

    Six gold answers stand in a `\boxed{}`, carry degrees or lost the first letter of a `\frac`
    to an escape sequence, and three name their unit in braces: the official rule accepts no
    correct answer to most of them.
    """
    gold = gold.replace(_SWALLOWED_FRACTION, r"\frac").strip()
    if boxed := _BOXED_GOLD.fullmatch(gold):
        gold = boxed[1]
    return _DEGREES_BEHIND.sub("", _WORD_BEHIND.sub("", gold))


@dataclass(frozen=True)
class MathVisionRobust:
    """The robust rule with readable gold answers, and decimals to two places as officially."""

    rule: Rule = field(default_factory=lambda: robust_rule(float_rounding=_OFFICIAL_DECIMALS))

    def extract(self, response: str, problem: Problem) -> str | None:
        """The final answer in any usual convention."""
        return self.rule.extract(response, problem)

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare by choice or as mathematics."""
        if problem.choices:
            return self.rule.compare(answer, problem)
        gold = readable_gold(problem.answer)
        return self.rule.compare(answer, problem.model_copy(update={"answer": gold}))


class MathVision(Benchmark):
    """MATH-Vision: competition mathematics with pictures."""

    type: Literal["mathvision"] = "mathvision"

    title = "MathVision"
    hub_id = "MathLLMs/MathVision"
    commit = "main"
    licence = "MIT"
    splits = {
        "test": Split("test", 3040, ("test-00000-of-00001-3532b8d3f1b4047a.parquet",)),
        "testmini": Split(
            "testmini", 304, ("testmini-00000-of-00001-f8ff70fcb2f29b1d.parquet",), part_of="test"
        ),
    }
    columns = {
        "id": "text",
        "question": "text",
        "options": "list",
        "answer": "text",
        "level": "number",
        "subject": "text",
    }
    id_column = "id"
    images = ("decoded_image",)
    rules = {"official": MathVisionRule, "robust": MathVisionRobust}
    labels = ("level", "subject", "subject and level")
    protocol = (
        "The authors' own runs show one picture in which all pictures of a question are merged, "
        "as the hub's column `decoded_image` does.",
        "The published table names neither its prompt nor its way to extract answers.",
    )

    def read(self, row: Row) -> Problem:
        """A row of the hub or of the authors' `test.jsonl`.

        Raises:
            DataError: The gold answer of a question with options is not the letter of one.
        """
        choices = list(row["options"] or ())
        known = _LETTERS[: len(choices)]
        if choices and row["answer"] not in known:
            raise DataError(
                f"MathVision question {row['id']} has {len(choices)} options and the gold answer "
                f"{row['answer']!r}, not a letter of one of them"
            )
        level, subject = f"{row['level']:g}", row["subject"]
        return Problem(
            problem_id=str(row["id"]),
            split="test",
            question=row["question"],
            images=[],
            answer=row["answer"],
            solution=row.get("solution"),
            choices=choices,
            attributes={
                "level": level,
                "subject": subject,
                "subject and level": f"{subject}, level {level}",
            },
        )

    def prompt(self, problem: Problem) -> str:
        """The authors' prompt; options that are only in the picture are not listed."""
        options = ""
        if problem.choices != _LETTERS:
            lettered = zip(_LETTERS, problem.choices, strict=False)
            options = "".join(f"({letter}) {text}\n" for letter, text in lettered)
        return f"{_INSTRUCTION}\n{problem.question}\n{options}"
