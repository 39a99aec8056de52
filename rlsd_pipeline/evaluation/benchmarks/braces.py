r"""Finds answers in curly braces, apart from the braces of LaTeX commands."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"(?P<command>\\[A-Za-z]+\s*(?:\[[^\[\]]*\])?|(?<=[A-Za-z0-9)\]}])[\^_])"
    r"|(?P<open>\\?\{)|(?P<close>\\?\})|\\.",
    re.DOTALL,
)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*")
_MARKS = " \t\r\n*$`"
_DEEPEST_WRAPPING = 3
"""Braces in a box in a display; as often as it takes would let a response choose how often."""


def braced(text: str, echo: str) -> str | None:
    r"""The inside of the last outermost braces; a `\boxed{}` gives an answer, a `\frac{}` not.

    Args:
        text: Read in linear time, whatever it holds.
        echo: What stands in the braces of the instruction itself, and is no answer.
    """
    for group in sorted(_groups(text), key=lambda each: each.end, reverse=True):
        inside = text[group.inside : group.inside_end].strip(_MARKS)
        if inside and inside.casefold().replace("_", " ") != echo:
            return _unwrapped(inside) or None
    return None


class _Group(NamedTuple):
    start: int
    inside: int
    inside_end: int
    end: int


def _unwrapped(text: str) -> str:
    for _ in range(_DEEPEST_WRAPPING):
        whole = [each for each in _groups(text) if each.start == 0 and each.end == len(text)]
        if not whole:
            break
        text = text[whole[0].inside : whole[0].inside_end].strip(_MARKS)
    return text


def _groups(text: str) -> Iterator[_Group]:
    """Balanced braces that are no argument of a command; a box starts where its command does."""
    opened: list[tuple[int, int] | None] = []
    command: re.Match[str] | None = None
    argument_end = -1
    for token in _TOKEN.finditer(text):
        if token["open"]:
            is_next = token[0] == "{" and argument_end == token.start()
            opened.append(None if is_next else _opening(token, command))
        elif token["close"] and opened:
            if (group := opened.pop()) is None:
                argument_end = token.end()
            else:
                yield _Group(*group, token.start(), token.end())
        command = token if token["command"] else None


def _opening(brace: re.Match[str], command: re.Match[str] | None) -> tuple[int, int] | None:
    """The starts of a group and of its inside; None for the braces around an argument."""
    if command is None or command.end() != brace.start() or brace[0] != "{":
        return brace.start(), brace.end()
    return (command.start(), brace.end()) if _BOX.fullmatch(command[0]) else None
