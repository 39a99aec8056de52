"""Matrices and column vectors."""

import re
from dataclasses import dataclass
from typing import ClassVar

from rlsd_pipeline.verifiers.kinds.answer import (
    Algebra,
    Answer,
    Context,
    Judgement,
    Kind,
    judged,
)
from rlsd_pipeline.verifiers.kinds.brackets import inside, split_outside
from rlsd_pipeline.verifiers.kinds.collection import Tuple
from rlsd_pipeline.verifiers.kinds.expression import value_of
from schemas.reward import Verdict

_ENVIRONMENT = re.compile(
    r"\[?\(?\\begin ?\{ ?([pbBvV]?matrix|smallmatrix|array) ?\}(?: ?\{[lcr| ]*\})?(.*)"
    r"\\end ?\{ ?\1 ?\}\)?\]?",
    re.DOTALL,
)
_ROWS = re.compile(r"\\\\")
_COMMA = re.compile(r", ?")
_MOST_ELEMENTS = 64


@dataclass(frozen=True)
class Matrix(Answer):
    """Rows of values."""

    kind: ClassVar[Kind] = Kind.MATRIX

    rows: tuple[tuple[Answer, ...], ...]

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """The same shape and elements; a vector equals the tuple of its coordinates."""
        if isinstance(answer, Tuple) and (len(self.rows) == 1 or len(self.rows[0]) == 1):
            elements = tuple(each for row in self.rows for each in row)
            return Tuple(elements, text=self.text).compare(answer, algebra)
        if not isinstance(answer, Matrix) or self._shape != answer._shape:
            return judged(False)
        for gold_row, found_row in zip(self.rows, answer.rows, strict=True):
            for gold, found in zip(gold_row, found_row, strict=True):
                judgement = gold.judge(found, algebra)
                if judgement.verdict is not Verdict.CORRECT:
                    return judgement
        return judged(True)

    @property
    def _shape(self) -> tuple[int, ...]:
        return tuple(len(row) for row in self.rows)

    def another_form(self) -> str | None:
        """The same as nested lists."""
        rows = (", ".join(each.text for each in row) for row in self.rows)
        return f"[{', '.join(f'[{row}]' for row in rows)}]"


def read_matrix(text: str, context: Context) -> Matrix | None:
    r"""A LaTeX environment, or lists in a list."""
    if match := _ENVIRONMENT.fullmatch(text):
        rows = [row.split("&") for row in _ROWS.split(match[2]) if row.strip()]
    else:
        within = inside(text, "[", "]")
        parts = split_outside(within, _COMMA) if within and within.startswith("[") else []
        lists = [inside(part, "[", "]") for part in parts]
        rows = [split_outside(each, _COMMA) for each in lists if each is not None]
        if not rows or len(rows) != len(parts):
            return None
    if len({len(row) for row in rows}) != 1 or sum(map(len, rows)) > _MOST_ELEMENTS:
        return None
    values = tuple(tuple(value_of(each.strip()) for each in row) for row in rows)
    found = tuple(tuple(each for each in row if each is not None) for row in values)
    return Matrix(found, text=text) if [*map(len, found)] == [*map(len, rows)] else None
