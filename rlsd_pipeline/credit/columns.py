"""The token columns that a method may read beside the reward, and the stages that make them.

A column has the name of its attribute of `Credit`. Three stages make them: the sampled tokens,
their scores under student and teacher, and their true advantages. A method names the columns that
it reads, and nothing else is computed for it. Their formulas: docs/method.md, eq. 31 to 33.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

TOKENS = "token_ids"
STUDENT = "student_logprobs"
TEACHER = "teacher_logprobs"
VALUES = "true_advantages"
STUDENT_ENTROPY = "student_entropy"
SQUARED_PROBS = "student_squared_probs"
TEACHER_ENTROPY = "teacher_entropy"
CORRECT_SIBLING = "correct_sibling_logprobs"
WRONG_SIBLING = "wrong_sibling_logprobs"
WRONG_SIBLINGS = "mean_wrong_sibling_logprobs"
BLANK_IMAGE = "blank_image_logprobs"
BLURRED_IMAGE = "blurred_image_logprobs"
PATCHED_IMAGE = "patched_image_logprobs"
BASE = "base_logprobs"


class Column(NamedTuple):
    """One column.

    Attributes:
        name: Its attribute of `Credit`, and its column in the table that holds it.
        meaning: What it is.
        of: Whose it is: the sampled response's, the student's scores, those of a teacher or of the
            base model, or what `token_values` measures.
    """

    name: str
    meaning: str
    of: Literal["response", "student", "teacher", "base", "values"]


COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column(TOKENS, "the sampled tokens", "response"),
        Column(STUDENT, "log π_S of the sampled token", "student"),
        Column(STUDENT_ENTROPY, "entropy of π_S over the whole vocabulary", "student"),
        Column(SQUARED_PROBS, "Σ_v π_S(v)² over the whole vocabulary", "student"),
        Column(BLANK_IMAGE, "log π_S where the images are blank", "student"),
        Column(BLURRED_IMAGE, "log π_S where the images are blurred", "student"),
        Column(PATCHED_IMAGE, "log π_S where patches of the images are black", "student"),
        Column(TEACHER, "log π_T of the sampled token in the privileged context", "teacher"),
        Column(TEACHER_ENTROPY, "entropy of π_T over the whole vocabulary", "teacher"),
        Column(CORRECT_SIBLING, "log π_T where it sees a correct sibling", "teacher"),
        Column(WRONG_SIBLING, "log π_T where it sees a wrong sibling", "teacher"),
        Column(WRONG_SIBLINGS, "log of the mean π_T over wrong siblings", "teacher"),
        Column(BASE, "log π_0 of the sampled token: the model that training began with", "base"),
        Column(VALUES, "the measured change of the expected reward", "values"),
    )
}
"""Every column by its name."""

PRIVILEGED = frozenset({TEACHER, TEACHER_ENTROPY})
"""Columns of the teacher in the context that the arm declares."""

SIBLINGS = frozenset({CORRECT_SIBLING, WRONG_SIBLING, WRONG_SIBLINGS})
"""Columns of the teacher where it sees other responses of the group."""

ALTERED = frozenset({BLANK_IMAGE, BLURRED_IMAGE, PATCHED_IMAGE})
"""Columns of the student where the images are altered."""

ASKED = frozenset({STUDENT_ENTROPY, SQUARED_PROBS, TEACHER_ENTROPY, BASE}) | SIBLINGS | ALTERED
"""Columns of `logprobs` that are computed where a method asks for them."""


NOT_COMPUTED = "nobody computed for these rollouts"


def lacking(names: Iterable[str]) -> str:
    """Why a method cannot be shown where some columns are not there."""
    listed = ", ".join(sorted(names))
    return (
        f"the method needs {listed}, which {NOT_COMPUTED}: "
        "`rlsd compare EXPERIMENT --arm ARM --iteration K --columns` does"
    )


def known(names: Iterable[str], whose: str) -> frozenset[str]:
    """The given names, once each is known to be a column's.

    Raises:
        TypeError: One is not; names the nearest.
    """
    from difflib import get_close_matches

    found = frozenset(names)
    for name in sorted(found - COLUMNS.keys()):
        nearest = get_close_matches(name, COLUMNS, 1, 0.0)[0]
        raise TypeError(f"{whose} reads {name!r}, which is no column: did you mean {nearest!r}?")
    return found
