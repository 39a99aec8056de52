r"""The final answer of a response in any of the usual conventions.

Benchmarks ask for different formats and models keep to none, so this reads an answer tag,
`\boxed{}`, "Answer: X", "the answer is X", or a response that is nothing but the answer. All
scan the text once: no pattern repeats without a bound inside another.
"""

import re
from typing import Literal

from rlsd_pipeline.verifiers.extractions.extraction import Extraction
from rlsd_pipeline.verifiers.spans import last_answer_tag, last_box

_THOUGHT_ENDS = "</think>"
_LONGEST_BARE = 200
"""Characters; the longest option of MMMU has about as many."""

_MARKS = ' \t\r\n\f\v*_`"“”'
_ANGLES = re.compile(r"<<(?P<inside>.*?)(?:>>)?|<(?P<letter>[A-Z](?:[.):][^<>]*)?)>", re.DOTALL)
"""We-Math's template; anything else in single ones may be a choice, such as an image's tag."""

_ANNOUNCED = re.compile(
    r"""\b(?:answer|(?:correct|right|best)\s(?:option|choice))
    (?:\s(?:to|for)\s(?:the|this)\s(?:question|problem))?
    (?:\s(?:choice|option|letter))?
    [\s*_`'">]{0,6}
    (?:[:：=]|is\b|(?:should|would|must)\sbe\b)
    [\s*_`:]{0,6}""",
    re.IGNORECASE | re.VERBOSE,
)
_FIRST_LINE = re.compile(r"\s*([^\n]*)")
_SENTENCE_ENDS = re.compile(
    r"(?<=[^\s.!?])[.!?](?=\s+[A-Z])|,?\s(?:because|since)\b|,\s(?:as|which|so|where)\b"
)
_LETTER_FIRST = re.compile(r"[*(]{0,3}[A-Za-z][).*]{1,3}")
_LETTER = re.compile(r"[*_$(\s]{0,4}[A-Z][).:*_$\s]{0,6}")
_NUMBER = re.compile(r"[*_$\s]{0,4}[+-]?\d[\d.,/]{0,30}(?<=\d)[*_$\s]{0,4}")


class FinalAnswer(Extraction):
    r"""The answer in any usual convention: a tag, `\boxed{}`, "Answer: X", or nothing but X."""

    type: Literal["final_answer"] = "final_answer"

    @property
    def wanted(self) -> str:
        """Empty: no convention is required."""
        return "an answer in any usual form"

    def locate(self, text: str) -> tuple[int, int] | None:
        """The place of the most explicit answer: tag, box, announcement, bare answer.

        What stands in an unfinished thought is no answer, and neither is what comes before the
        end of a finished one.
        """
        start = text.rfind(_THOUGHT_ENDS)
        if start >= 0:
            start += len(_THOUGHT_ENDS)
        elif text.lstrip().startswith("<think>"):
            return None
        else:
            start = 0
        said = text[start:]
        for convention in (last_answer_tag, _letter_after_box, last_box, _announced, _bare):
            if (span := convention(said)) is not None:
                return _trimmed(text, span[0] + start, span[1] + start)
        return None

    def extract(self, text: str) -> str | None:
        """The answer, stripped of blanks and marks; None without one."""
        span = self.locate(text)
        return None if span is None else text[slice(*span)]

    def render(self, answer: str) -> str:
        """The answer between tags, the least ambiguous of the conventions."""
        return f"<answer>{answer}</answer>"

    def format_ok(self, text: str) -> bool:
        """Whether there is an answer; no convention is required."""
        return self.locate(text) is not None


def _letter_after_box(text: str) -> tuple[int, int] | None:
    """The letter of a choice, announced after its value was boxed."""
    box, letter = last_box(text), _announced(text)
    if box is None or letter is None or letter[0] < box[1]:
        return None
    return letter if _LETTER.fullmatch(text, *letter) else None


def _announced(text: str) -> tuple[int, int] | None:
    """The text after the last announcement, up to the end of its sentence."""
    announced = [match.end() for match in _ANNOUNCED.finditer(text)]
    line = _FIRST_LINE.match(text, announced[-1]) if announced else None
    if not line:
        return None
    start, end = line.span(1)
    letter = _LETTER_FIRST.match(text, start, end)
    if sentence := _SENTENCE_ENDS.search(text, letter.end() if letter else start, end):
        end = sentence.start()
    return start, end


def _bare(text: str) -> tuple[int, int] | None:
    """A response of one short line; or a last or first line that is a letter or a number."""
    end = len(text.rstrip())
    start = min(end, len(text) - len(text.lstrip()))
    first, last = text.find("\n", start, end), text.rfind("\n", start, end) + 1
    if first < 0:
        return (start, end) if end - start <= _LONGEST_BARE else None
    if _LETTER.fullmatch(text, last, end) or _NUMBER.fullmatch(text, last, end):
        return last, end
    # A number there may be that of a step; a letter is the answer, with the reasons below it.
    return (start, first) if _LETTER.fullmatch(text, start, first) else None


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span without blanks and marks around it; None where nothing else is in it."""
    start, end = _stripped(text, start, end)
    if angles := _ANGLES.fullmatch(text, start, end):
        start, end = _stripped(text, *angles.span(angles.lastgroup or 0))
    return (start, end) if start < end else None


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    inside = text[start:end]
    return end - len(inside.lstrip(_MARKS)), start + len(inside.rstrip(_MARKS + "."))
