r"""Finds `<answer>` tags and `\boxed{}` in a text, as start and end in characters."""

import re

_BOXED = re.compile(r"(?P<boxed>\\boxed\s*\{)|\\.|(?P<open>\{)|(?P<close>\})", re.DOTALL)


def last_answer_tag(text: str) -> tuple[int, int] | None:
    """The inside of the last complete pair; what an unclosed tag holds is no answer."""
    start = text.rfind("<answer>", 0, max(text.rfind("</answer>"), 0))
    if start < 0:
        return None
    start += len("<answer>")
    return start, text.index("</answer>", start)


def last_box(text: str) -> tuple[int, int] | None:
    r"""The inside of the last complete `\boxed{}`, the inner one of two nested."""
    return max(_boxes(text), default=None)


def _boxes(text: str) -> list[tuple[int, int]]:
    """Start and end of the inside of every complete box; escaped braces do not count."""
    boxes: list[tuple[int, int]] = []
    opened: list[re.Match[str]] = []
    for token in _BOXED.finditer(text, max(text.find(r"\boxed"), 0)):
        if token["boxed"] or token["open"]:
            opened.append(token)
        elif token["close"] and opened and (start := opened.pop())["boxed"]:
            boxes.append((start.end(), token.start()))
    return boxes
