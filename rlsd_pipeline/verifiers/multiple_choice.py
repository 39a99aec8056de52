"""Equality of choices, each named by its letter or by its text."""

import re
import string
from collections.abc import Sequence

from rlsd_pipeline.verifiers.exact import normalise
from schemas.problem import Problem
from schemas.reward import Verdict

_IDLE_BLANKS = re.compile(r"(?<!\w)\s|\s(?!\w)|\$")
_WRAPPER = re.compile(r"\\(?:text|textbf|mathrm|mathbf|boxed)\s*\{([^{}]*)\}")
_BARE_LETTER = re.compile(r"\(?([A-Za-z])[).:]*")
_LETTER_AND_TEXT = re.compile(
    r"(?:\((?P<bracketed>[A-Za-z])\)|(?P<marked>[A-Za-z])[).:](?= )) ?(?P<text>.+)"
    r"|(?P<first>[A-Z]) ?[(（](?P<inside>.+)[)）]"
)
_LETTER_IN_BRACKETS = re.compile(r"\(([A-Z])\)")
_LETTER_AFTER_WORD = re.compile(
    r"(?:the )?(?:correct )?(?:option|choice|answer)(?: is)?:? \(?([A-Z])[).]*", re.IGNORECASE
)


class MultipleChoiceComparison:
    """An answer is right when it names the choice that the gold answer names."""

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare by choice; whatever names none, or several, is no answer.

        A gold answer that does not name one choice says nothing about the response: that is
        the verifier's failure, and `check_gold` finds it before a run does.
        """
        gold = named_choices(problem.answer, problem.choices)
        if len(gold) != 1:
            return Verdict.VERIFIER_ERROR, f"the gold answer names {_count(gold)}"
        named = named_choices(answer, problem.choices)
        if len(named) != 1:
            return Verdict.UNPARSED, f"the answer names {_count(named)}"
        return (Verdict.CORRECT if named == gold else Verdict.INCORRECT), None


def named_choices(text: str, choices: Sequence[str]) -> set[int]:
    """Indices of the choices that a text names.

    A letter and a text may name different choices (choices "C", "A", "B" and the answer "A"):
    then both are named, for nobody can tell which was meant; "(A)" is always the letter.
    Choices with the same text are one choice. A problem without choices has letters only.
    """
    texts = [_key(choice) for choice in choices]
    text = _plain(text)
    letters = _letters(text)
    # A choice's own text may hold what looks like a letter: "f(A)", "C. elegans".
    if _key(text) in texts and len(text) > 1:
        letters = []
    elif match := _LETTER_AND_TEXT.fullmatch(text):
        text = match["text"] or match["inside"]
        letters = [match["bracketed"] or match["marked"] or match["first"], *_letters(text)]
    known = string.ascii_uppercase[: len(choices) or None]
    named = {known.index(letter.upper()) for letter in letters if letter.upper() in known}
    if _key(text) in texts:
        named.add(texts.index(_key(text)))
    return {texts.index(texts[index]) if texts else index for index in named}


def _key(text: str) -> str:
    """What two texts of the same choice have in common: `$1 : 2$` and `1:2` are one."""
    return _IDLE_BLANKS.sub("", normalise(_plain(text)))


def _letters(text: str) -> list[str]:
    """The letters that a text uses to name choices."""
    if match := _BARE_LETTER.fullmatch(text) or _LETTER_AFTER_WORD.fullmatch(text):
        return [match[1]]
    return _LETTER_IN_BRACKETS.findall(text)


def _plain(text: str) -> str:
    """The text without the marks of LaTeX and Markdown, on one line."""
    # Twice, for a box around text; as often as it takes would let a response choose how often.
    text = _WRAPPER.sub(r"\1", _WRAPPER.sub(r"\1", text))
    return " ".join(text.replace("**", "").replace("`", "").split()).strip(" $*")


def _count(named: set[int]) -> str:
    return "none of the choices" if not named else f"{len(named)} different choices"
