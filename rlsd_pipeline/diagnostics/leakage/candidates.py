"""Finds the texts that may contain a phrase, in one pass over a column.

Arrow's regular expressions (RE2) read a column hundreds of times faster than Python's, but have no
lookaround. So phrases are loosened to RE2's syntax: the candidates include all texts in which
Python finds a phrase, and few others. RE2 and Python differ on letters and spaces beyond ASCII, so
every such text is a candidate.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

_PART = re.compile(r"\(\?<?[=!]|\(\?:|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
"""An opening of a group, an escape, a set of characters, or anything else."""

_SPACE = r"\s\v\x1c-\x1f"
_LOOSE = {"$": "", r"\s": f"[{_SPACE}]"}
"""Part of a pattern -> its replacement; RE2 reads all other parts alike in ASCII texts."""


Texts: TypeAlias = Sequence[str] | pa.ChunkedArray


def candidates(texts: Texts, patterns: Sequence[str]) -> list[str]:
    """The texts that may hold what one of the patterns describes, in their order.

    Args:
        texts: The texts; a column is the fastest.
        patterns: Regular expressions of Python, without regard to case; no group is referred to.
    """
    column = texts if isinstance(texts, pa.ChunkedArray) else pa.array(texts, pa.string())
    may = pc.match_substring_regex(column, _loosened(tuple(patterns)), ignore_case=True)
    found: list[str] = column.filter(pc.or_(may, pc.invert(pc.string_is_ascii(column)))).to_pylist()
    return found


@cache
def _loosened(patterns: tuple[str, ...]) -> str:
    return "|".join("".join(_loose(pattern)) for pattern in patterns)


def _loose(pattern: str) -> Iterator[str]:
    looks: list[bool] = []  # Of every open group, whether it looks around, or lies within one.
    for part in _PART.findall(pattern):
        if part.startswith("("):
            looks.append(any(looks[-1:]) or part not in ("(", "(?:"))
        left_out = any(looks[-1:])
        if part == ")":
            looks.pop()
        if part.startswith("[") and not part.startswith("[^"):
            part = part.replace(r"\s", _SPACE)
        if not left_out:
            yield _LOOSE.get(part, part)
