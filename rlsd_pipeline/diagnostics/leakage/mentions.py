"""Detects mentions of a reference in responses of a student that was shown none.

A policy that was pulled towards a teacher speaks as the teacher does: of an answer or a solution
at hand, of an earlier attempt that was right, of a verdict (`patterns.py`). All phrases count for
every method, whatever its own teacher is shown, so that methods are compared evenly.

The detector has limits. Some problems do give an answer to be checked, a solution in chemistry or
feedback of customers. Only English is covered. Hence the share is no probability of leaking:
compare it with the base policy's on the same problems. `make leak-detector` measures precision and
recall on texts written for it (docs/evaluation.md).
"""

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

from rlsd_pipeline.diagnostics.leakage.candidates import Texts, candidates
from rlsd_pipeline.diagnostics.leakage.patterns import PATTERNS

DEFAULT_PATTERNS: tuple[str, ...] = tuple(itertools.chain.from_iterable(PATTERNS.values()))
"""The phrases of every privileged context: a mention counts alike for every method."""


class Mention(NamedTuple):
    """A phrase that was found.

    Attributes:
        start: Its first character.
        end: The first character after it.
        text: The phrase.
        pattern: The regular expression that found it.
    """

    start: int
    end: int
    text: str
    pattern: str


def find_mentions(text: str, patterns: Sequence[str] = DEFAULT_PATTERNS) -> list[Mention]:
    """The mentions in one text, from left to right; of two that overlap, the one that begins first.

    Raises:
        ValueError: A pattern is no regular expression.
    """
    found: list[Mention] = []
    for pattern in patterns:
        try:
            compiled = re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            raise ValueError(f"the pattern {pattern!r} is no regular expression: {error}") from None
        found += [Mention(*hit.span(), hit.group(), pattern) for hit in compiled.finditer(text)]
    kept: list[Mention] = []
    for mention in sorted(found, key=lambda mention: (mention.start, -mention.end)):
        if mention.text and (not kept or mention.start >= kept[-1].end):
            kept.append(mention)
    return kept


def count_mentioning(completions: Texts) -> int:
    """How many completions have a mention."""
    may = candidates(completions, DEFAULT_PATTERNS)
    patterns = [re.compile(pattern, re.IGNORECASE) for pattern in DEFAULT_PATTERNS]
    return sum(any(pattern.search(completion) for pattern in patterns) for completion in may)
