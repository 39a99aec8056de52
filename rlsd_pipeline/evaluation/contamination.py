"""Contamination: training problems that are questions of a benchmark.

Two are the same where they show the same picture or ask the same. Pictures are compared by their
decoded pixels, so that another encoding without loss is found; one of a single colour shows
nothing and counts for nothing. Texts are compared without case, blanks and image tags. A short
one, such as "What is the area?", is asked of many pictures by chance: it counts only together with
equal options, and those only where they say more than letters, yes or no. (Of MathVista's,
MathVision's and We-Math's 5,780 questions no two of different benchmarks have a text in common.)
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator

from rlsd_pipeline.data.images import decode_image, fit_pixels
from rlsd_pipeline.errors import DataError
from schemas import Problem

TELLING_QUESTION = 40
"""Characters of normalised text that are hardly asked twice by chance."""

TELLING_OPTIONS = 16
"""The same for the options of a shorter question, all together."""

_TAG = re.compile(r"<\s*image\s*_?\d*\s*>|\[\s*image\s*_?\d*\s*\]")
_SHOWN = 5


def overlap(
    problems: Iterable[Problem],
    benchmark_problems: Iterable[Problem],
    *,
    max_pixels: int | None = None,
) -> list[tuple[str, str, str]]:
    """The problems that are in a benchmark.

    Args:
        problems: What is learnt from.
        benchmark_problems: The benchmark's questions.
        max_pixels: What the images of each benchmark question together were scaled down to, if
            they were: images of the problems are compared as they are and scaled alike.

    Returns:
        Problem, item of the benchmark, and what they share: `question`, `question and options` or
        `image`; each problem once.
    """
    items: dict[tuple[str, bytes], str] = {}
    budgets: set[int] = set()
    for item in benchmark_problems:
        for mark in _marks(item, ()):
            items.setdefault(mark, item.problem_id)
        if max_pixels is not None and item.images:
            # The images of one question share its pixels, as in `load_benchmark`.
            budgets.add(max_pixels // len(item.images))
    shared = []
    for problem in problems:
        # Images come last, and are decoded only where the text is not found.
        found = next((one for one in _marks(problem, budgets) if one in items), None)
        if found is not None:
            shared.append((problem.problem_id, items[found], found[0]))
    return shared


def require_distinct(
    problems: Iterable[Problem],
    benchmark_problems: Iterable[Problem],
    benchmark: str,
    *,
    max_pixels: int | None = None,
) -> None:
    """Refuse to learn from what a benchmark asks.

    Args:
        problems: What is learnt from.
        benchmark_problems: The benchmark's questions.
        benchmark: Its name, for the message.
        max_pixels: As in `overlap`.

    Raises:
        DataError: Training problems are in the benchmark; names their number and the first ones.
    """
    shared = overlap(problems, benchmark_problems, max_pixels=max_pixels)
    if not shared:
        return
    first = "; ".join(
        f"{problem} is {benchmark} {item} (same {what})" for problem, item, what in shared[:_SHOWN]
    )
    more = "; ..." if len(shared) > _SHOWN else ""
    raise DataError(
        f"problems to learn from that are in the benchmark {benchmark}: {len(shared)}: {first}"
        f"{more}. Remove them from the data set, or do not evaluate {benchmark}"
    )


def normalised(text: str) -> str:
    """The text without image tags, in one case, with single blanks."""
    return " ".join(_TAG.sub(" ", text.casefold()).split())


def _marks(problem: Problem, budgets: Collection[int]) -> Iterator[tuple[str, bytes]]:
    """The marks by which a copy of the problem is recognised."""
    text = normalised(problem.question)
    options = sorted(normalised(choice) for choice in problem.choices)
    if len(text) >= TELLING_QUESTION:
        yield "question", _digest(text.encode())
    elif len("".join(options)) >= TELLING_OPTIONS:
        yield "question and options", _digest("\0".join([text, *options]).encode())
    copies = (fit_pixels(data, budget) for data in problem.images for budget in budgets)
    for data in dict.fromkeys([*problem.images, *copies]):
        image = decode_image(data)
        if len(image.getcolors(2) or (1, 2)) > 1:
            yield "image", _digest(f"{image.size}".encode() + image.tobytes())


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
