r"""Phrases that speak of a reference the student was never shown.

The defaults fire on a reference, a solution or an answer that is said to be at hand: "the reference
says", "the provided solution", "according to the solution", "the correct answer is known to be".

They do not fire on innocent neighbours: `reference` counts only as a noun of its own that speaks,
or before `answer`, `solution` and the like, so a reference frame, point or image is none; answer
choices, options and formats are none; an answer or a solution `given by` a formula is none; and `a
known solution` (of an equation) is none, where `the known solution` is one.

What they cannot tell apart: in chemistry `the given solution` may be a liquid (only a following
"of" or "contains" rules it out), and some problems do give an answer to be checked. Hints are left
out, since problems give hints themselves; so are languages other than English. Hence the share is
no probability of leaking: compare it with the base policy's on the same problems.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from rlsd_pipeline.evaluation.intervals import Estimate, wilson_share

_NOT_A = r"(?<!\ba )(?<!\ban )(?<!\bany )(?<!\bsome )(?<!\beach )(?<!\bevery )"
_KIND = r"(?:(?:correct|right|true|final|reference|worked)\s+){0,2}"
_INNOCENT = r"(?!\s+(?:choice|option|format|space|set|curve|contain|of\b))"

DEFAULT_PATTERNS: tuple[str, ...] = (
    # The reference speaks.
    r"\b(?:the|this|that|given|provided)\s+reference\s+(?:(?:also|already|clearly)\s+)?"
    r"(?:says|said|states|stated|gives|gave|shows|confirms|indicates|tells|mentions|claims)\b",
    # A reference of the kind only a teacher is shown.
    r"\breference\s+(?:answer|solution|response|derivation|explanation|reasoning)s?\b",
    # A solution or an answer at hand.
    _NOT_A + r"\b(?:provided|given|supplied|known|official)\s+" + _KIND + r"(?:solution|answer)\b"
    r"(?!s)" + _INNOCENT,
    r"\bworked\s+solution\b",
    r"\b(?:ground[-\s]truth|gold(?:en)?)\s+" + _KIND + r"answer\b" + _INNOCENT,
    r"\b(?:solution|answer)\s+(?:(?:that|which)\s+)?(?:(?:is|was)\s+)?(?:provided|given|supplied)\s+"
    r"(?:to\s+(?:me|us)|in\s+the\s+(?:prompt|problem|question|reference|context))\b",
    # It is cited.
    r"\b(?:according\s+to|as\s+(?:stated|given|shown|written|said|indicated|noted|described)\s+"
    r"(?:in|by))\s+the\s+(?:reference|solution|answer(?:\s+key)?)"
    r"(?=\s*(?:$|[.,:;!?)\]\"']|(?:and|that|which|we|i|it|so|this|the)\b))",
    # It is known beforehand.
    r"\banswer\s+(?:is|was)\s+(?:already\s+)?"
    r"(?:known\b|(?:given|stated|said)\s+(?:as|to\s+be)\b(?!\s+an?\s))",
    r"\b(?:given|knowing|told|(?:we|i)\s+(?:already\s+)?know)\s+(?:that\s+)?the\s+"
    r"(?:correct|right)\s+answer\s+(?:is|was)\b",
)
"""Regular expressions, matched without regard to case."""


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


class MentionReport(NamedTuple):
    """Mentions over many completions.

    Attributes:
        share: Share of completions with a mention, with Wilson's interval.
        mentioning: Number of completions with a mention.
        completions: Number of completions.
        mentions: The mentions of each completion, in its order.
    """

    share: Estimate
    mentioning: int
    completions: int
    mentions: list[list[Mention]]


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


def mention_report(
    completions: Sequence[str],
    patterns: Sequence[str] = DEFAULT_PATTERNS,
    *,
    confidence: float = 0.95,
) -> MentionReport:
    """Mentions in each completion, and the share of completions that have one."""
    mentions = [find_mentions(completion, patterns) for completion in completions]
    mentioning = sum(bool(found) for found in mentions)
    share = wilson_share(mentioning, len(mentions), confidence)
    return MentionReport(share, mentioning, len(mentions), mentions)
