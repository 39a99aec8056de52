"""The authors' rule of MMMU: reads and compares answers.

The behaviour of `eval_utils.py` of MMMU-Benchmark/MMMU, and for MMMU-Pro of
`mmmu-pro/evaluate.py`, its oddities included. Where it draws a letter by chance, these rules find
no answer: the draw is the scorer's.
"""

import ast
import re
import string
from collections.abc import Callable, Mapping, Sequence

from schemas import Problem, Verdict

LONGEST_LITERAL = 20_000
"""Characters; the longest options of MMMU and MMMU-Pro have fewer than 2,000."""

_EDGES = (",", ".", "!", "?", ";", ":", "'")
_CUES = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
_TRIVIAL = frozenset(":,.!?;'")

# A number begins where a run of digits does: to try each digit of a run would take the square
# of its length, and finds nothing that its first digit does not.
_NUMBERS = (
    re.compile(r"-?\b\d{1,3}(?:,\d{3})+\b"),
    re.compile(r"-?(?<!\d)\d++(?:\.\d++)?[eE][+-]?\d++"),
    re.compile(r"-?(?:(?<!\d)\d++\.\d++|\.\d++|(?<!\d)\d++\b)(?![eE][+-]?\d)(?![,\d])"),
)


def literal_strings(text: str) -> list[str] | None:
    """The strings of a Python list literal; None where the text is no such list."""
    if not text.lstrip().startswith("[") or len(text) > LONGEST_LITERAL:
        return None
    try:
        found = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    strings = isinstance(found, list) and all(isinstance(each, str) for each in found)
    return found if strings else None


def accepted_answers(answer: str) -> list[str]:
    """The accepted gold answers; any one is right. Three golds are lists written as text."""
    return literal_strings(answer) or [answer]


def option_letters(problem: Problem) -> list[str]:
    """The letters of the options, in order; none for an open question."""
    return list(string.ascii_uppercase[: len(problem.choices)])


class OfficialRule:
    """MMMU: the last letter or option text of a response, or gold text within its key phrases."""

    def extract(self, response: str, problem: Problem) -> str | None:
        """The letter; the whole response to an open question, which `compare` takes apart."""
        if not problem.choices:
            return response or None
        response = _without_edges(response)
        options = dict(zip(option_letters(problem), problem.choices, strict=True))
        return (
            _last(options, "({})".format, response)
            or _last(options, " {} ".format, response)
            or _last_option_text(options, response)
        )

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Equality of letters; for open questions the official substring or number match."""
        golds = accepted_answers(problem.answer)
        right = answer in golds if problem.choices else _matches_open(answer, golds)
        return (Verdict.CORRECT if right else Verdict.INCORRECT), None


class OfficialProRule(OfficialRule):
    """MMMU-Pro: what follows the last `Answer:` first, then a looser reading of letters."""

    def extract(self, response: str, problem: Problem) -> str | None:
        """The letter; every question of MMMU-Pro has options."""
        options = dict(zip(option_letters(problem), problem.choices, strict=True))
        _, marker, tail = response.rpartition("Answer:")
        named = [letter for letter in options if letter in tail] if marker else []
        if len(named) == 1:
            return named[0]
        response = _without_edges(response)
        # A letter need only end a word here, but the last one must be a word of its own.
        alone = " {} ".format
        return (
            _last(options, "({})".format, response)
            or _last(options, "{} ".format, response, alone)
            or _last(options, "{}.".format, response, alone)
            or _last_option_text(options, response)
        )


def _without_edges(response: str) -> str:
    """The response with a blank on either side, so that a letter at its edge stands alone too."""
    for mark in _EDGES:
        response = response.strip(mark)
    return f" {response} "


def _last(
    letters: Mapping[str, str] | Sequence[str],
    written: Callable[[str], str],
    response: str,
    placed: Callable[[str], str] | None = None,
) -> str | None:
    """The letter that is written last; of several in one place the first of them."""
    found = [letter for letter in letters if written(letter) in response]
    place = placed or written
    return max(found, key=lambda letter: response.rfind(place(letter)), default=None)


def _last_option_text(options: Mapping[str, str], response: str) -> str | None:
    """The letter of the option whose text comes last; none in a response of up to five words."""
    if len(response.split()) <= 5:
        return None
    response = response.lower()
    return _last(list(options), lambda letter: options[letter].lower(), response)


def _matches_open(response: str, golds: Sequence[str]) -> bool:
    expected = [form for gold in golds for form in _normalised(gold)]
    phrases = _key_phrases(response)
    numbers = [
        number for phrase in phrases for pattern in _NUMBERS for number in pattern.findall(phrase)
    ]
    found = [form for text in [*phrases, *numbers] for form in _normalised(text)]
    texts = [form for form in expected if isinstance(form, str)]
    return any(
        any(text in form for text in texts) if isinstance(form, str) else form in expected
        for form in found
    )


def _key_phrases(response: str) -> list[str]:
    """The text after the last cue of each line, or the whole response if no line has a cue."""
    # Everything is lower-case here, so the official split before a capital never happens.
    response = response.strip().strip(".").lower()
    lines = response.split("\n")
    phrases = [_tail(line, _CUES) for line in lines[:-1]] + [_tail(lines[-1], (*_CUES, "="))]
    return [phrase for phrase in phrases if phrase and phrase not in _TRIVIAL] or [response]


def _tail(line: str, cues: Sequence[str]) -> str:
    """The shortest text behind a cue; an empty one gives way to that of the next cue."""
    shortest = ""
    for cue in cues:
        _, found, tail = line.rpartition(cue)
        tail = tail.strip()
        if found and (not shortest or len(tail) < len(shortest)):
            shortest = tail
    return shortest


def _normalised(text: str) -> list[str | float]:
    """A number rounded to two places, or lower-case text; one letter must end or begin a word."""
    text = text.strip()
    try:
        return [round(float(text.replace(",", "")), 2)]
    except ValueError:
        text = text.lower()
    return [f" {text}", f"{text} "] if len(text) == 1 else [text]
