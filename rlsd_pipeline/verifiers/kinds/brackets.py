"""Splitting a text where no bracket is open."""

import bisect
import re
from itertools import pairwise

_TOKEN = re.compile(r"\\[{}]|\\begin|\\end|[()\[\]{}]|\\[A-Za-z]+|\\.", re.DOTALL)
_OPEN = {"(", "[", "{", r"\{", r"\begin"}
_CLOSE = {")", "]", "}", r"\}", r"\end"}


def split_outside(text: str, separator: re.Pattern[str]) -> list[str]:
    """The parts between separators outside brackets; one part if there are none.

    Brackets count whatever their shape, since half-open intervals mix them.
    """
    levels = _levels(text)
    found = (match.span() for match in separator.finditer(text))
    edges = [(0, 0), *(span for span in found if _at(levels, span[0]) == 0)]
    edges.append((len(text), len(text)))
    return [text[left[1] : right[0]].strip() for left, right in pairwise(edges)]


def inside(text: str, opening: str, closing: str) -> str | None:
    """The inside of one pair of brackets around the whole text; None without such a pair."""
    if not (text.startswith(opening) and text.endswith(closing)):
        return None
    if len(text) < len(opening) + len(closing):
        return None
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += (token[0] in _OPEN) - (token[0] in _CLOSE)
        if depth == 0 and token.end() < len(text) and token[0] in _CLOSE:
            return None
    return text[len(opening) : len(text) - len(closing)].strip() if depth == 0 else None


def _levels(text: str) -> list[tuple[int, int]]:
    """The positions at which the depth changes, with the new depth."""
    depth, levels = 0, [(0, 0)]
    for token in _TOKEN.finditer(text):
        change = (token[0] in _OPEN) - (token[0] in _CLOSE)
        if change:
            depth += change
            levels.append((token.end() if change > 0 else token.start(), depth))
    return levels


def _at(levels: list[tuple[int, int]], place: int) -> int:
    return levels[bisect.bisect_right(levels, (place, 1 << 30)) - 1][1]
