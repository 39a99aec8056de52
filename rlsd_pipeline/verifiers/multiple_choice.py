"""The verifier `multiple_choice`: equality of choices, named by letter or by text."""

import re
import string
from collections.abc import Sequence
from typing import Literal

from rlsd_pipeline.verifiers.characters import normalised
from rlsd_pipeline.verifiers.exact import normalise
from rlsd_pipeline.verifiers.kinds.answer import Kind
from rlsd_pipeline.verifiers.kinds.vocabulary import MEANING, NEUTRAL, words, words_of
from rlsd_pipeline.verifiers.verifier import Verifier
from schemas.problem import Problem
from schemas.reward import Verdict

_IDLE_BLANKS = re.compile(r"(?<!\w)\s|\s(?!\w)|\$")
_OLD_STYLE = re.compile(r"\{\\(?:bf|rm|it) ([^{}]*)\}")
_LATEX_BLANK = re.compile(r"(?<!\\)(?:\\[ ,;:!]|\\q?quad(?![A-Za-z]))|~")
_MATH_MODE = re.compile(r"(?<!\\)\\[()\[\]]")
_WRAPPER = re.compile(r"\\(?:text|textbf|mathrm|mathbf|boxed)\s*\{([^{}]*)\}")
_BARE_LETTER = re.compile(r"[(\[{\"']*([A-Za-z])[)\].:,;}\"']*")
_LETTER_AND_TEXT = re.compile(
    r"[(\[](?P<bracketed>[A-Za-z])[)\]][.:,]?(?: [-:] ?)? ?(?P<after>.+)"
    r"|(?P<marked>[A-Za-z])(?:[).:,](?= )|[:=,]| [-=:](?= )) ?(?P<text>.+)"
    r"|(?P<first>[A-Z]) ?\((?P<inside>.+)\)"
)
_LETTER_THEN_TEXT = re.compile(r"(?P<letter>[A-Z]) (?P<text>.+)")
_TEXT_THEN_LETTER = re.compile(r"(?P<text>.+?) ?[(\[](?P<letter>[A-Z])[)\]]")
_LETTER_IN_BRACKETS = re.compile(r"[(\[]([A-Z])[)\]]")
_ANNOUNCEMENT = re.compile(
    r"(?:(?:so|thus|hence|therefore),? )?(?:i (?:choose|pick|select) |(?:it|this) is )?"
    r"(?:the |my )?"
    r"(?:(?:final|correct|right|best) )?(?:option|choice|answer)(?: is)?:? ?"
    r"(?:(?:option|choice) )?|(?:i (?:choose|pick|select)|(?:it|this) is) (?:option |choice )?",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    r"(?:所以|因此|故)?,?(?:本题)?(?:(?:正确|最终|最佳)?(?:的)?(?:答案|选项)(?:应该|应)?(?:是|为|选)?|[故应]?选(?:择)?)"
    r":? ?"
)
_CONFIRMED = re.compile(
    r" (?:is|would be|must be) (?:the )?(?:correct|right|best)?(?: ?(?:one|answer|option|choice))?",
    re.IGNORECASE,
)
_ADVERB = re.compile(
    r"(?:still|therefore|thus|hence|so|clearly|definitely|probably|(?:most )?likely),? (?=[(\[])",
    re.IGNORECASE,
)
_LETTERS_JOINED = re.compile(
    r"[(\[]?[A-Za-z][)\]]?(?:(?:,| or| and|/|&| ,)+ ?[(\[]?[A-Za-z][)\]]?)+"
)
_SENTENCE_THEN_LETTER = re.compile(r"(?P<sentence>.+[.!]) [(\[](?P<letter>[A-Z])[)\]]")
_LETTER_APART = re.compile(r"[(\[]([A-Za-z])[)\]][.:,]?|([A-Za-z])[).:,](?= )|([A-Z])(?= ?\()")
_NEGATION = re.compile(
    r"\b(?:not?|none|neither|nor|cannot|without|nothing)\b|n't\b|[不非没]", re.IGNORECASE
)
_NO = re.compile(r"no\b", re.IGNORECASE)
_AFFIRMING = frozenset(
    words(
        "a an and answer as be believe best choice choose clearly correct corresponds final get "
        "give gives go have hence i is it likely matches most must my obviously option pick "
        "probably right "
        "select should so that the therefore think this thus to we which "
        "will with would"
    )
)
"""Words that may stand before a letter in brackets; others could take its meaning away."""

_ANY_LETTER = re.compile(r"\b[A-Za-z]\b")
_DENIED = re.compile(
    r"\b(?:not|no|never|cannot|none|neither|nor|without|wrong|incorrect|false|invalid|except"
    r"|but|instead|rather|unlike|anything|everything|eliminated?|excluded?|ruled?|unless|if|hardly|unlikely|doubt|opposite|avoid|reject(?:ed)?)\b"
    r"|n't\b|[不非错误没除]",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"^(?:(?:is|are|was|were|and|or|nor|but|if|unless|without) |[Nn]ot\b|[Nn]ever\b|cannot\b)"
    r"|(?i:\b(?:wrong|incorrect|false|invalid|except|instead|rather|otherwise|anything|everything"
    r"|eliminated?|excluded?|ruled|reject(?:ed)?|hardly|unlikely|doubt|opposite|avoid|never|but"
    r"|wait|actually|sorry|mistaken?|correction)\b"
    r"|(?:\bnot|\bcannot|n't) (?:be )?(?:the|it|this|that|an?|so|sure|certain|think|believe"
    r"|correct|right|true|valid|best|possibly)\b|[非错误])"
)
"""In the explanation behind a letter: what denies the letter, and not a thing in the picture."""


class MultipleChoiceVerifier(Verifier):
    """The same choice of the problem, named by its letter or by its text."""

    type: Literal["multiple_choice"] = "multiple_choice"

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare by choice."""
        return compare(answer, problem)

    def kind(self, problem: Problem) -> Kind:
        """A choice."""
        return Kind.CHOICE

    def another_form(self, problem: Problem) -> str | None:
        """The letter in parentheses."""
        return letter_form(problem)


def compare(answer: str, problem: Problem) -> tuple[Verdict, str | None]:
    """Compare by choice; whatever names none, or several, or denies one, is no answer.

    A gold answer that does not name one choice says nothing about the response: that is
    the verifier's failure, and `check_gold` finds it before a run does.
    """
    gold = named_choices(problem.answer, problem.choices)
    if len(gold) != 1:
        return Verdict.VERIFIER_ERROR, f"the gold answer names {_count(gold)}"
    named = answered_choices(answer, problem)
    if len(named) != 1:
        return Verdict.UNPARSED, f"the answer names {_count(named)}"
    return (Verdict.CORRECT if named == gold else Verdict.INCORRECT), None


def letter_form(problem: Problem) -> str | None:
    """The letter of the gold answer in parentheses; None where it names not one choice."""
    named = named_choices(problem.answer, problem.choices)
    return f"({string.ascii_uppercase[min(named)]})" if len(named) == 1 else None


def answered_choices(answer: str, problem: Problem) -> set[int]:
    """Indices of the choices that an answer to the problem names; it may repeat the question."""
    said_before = words_of(problem.question) | NEUTRAL
    return named_choices(answer, problem.choices, known=said_before - MEANING)


def named_choices(
    text: str, choices: Sequence[str], *, known: frozenset[str] = frozenset()
) -> set[int]:
    """Indices of the choices that a text names.

    A letter and a text may name different choices (choices "C", "A", "B" and the answer "A"):
    then both are named, for nobody can tell which was meant; "(A)" is always the letter.
    Choices with the same text are one choice. A problem without choices has letters only. Outside
    of a choice's own text, a denial names none. Words that are known add nothing to a letter.
    """
    texts = [_key(choice) for choice in choices]
    text = _plain(text)
    if _key(text) in texts and len(text) > 1:
        # A choice's own text may hold what looks like a letter: "f(A)", "C. elegans".
        return _indices([], [text], texts)
    said = _said(text)
    if _LETTERS_JOINED.fullmatch(said):
        return _several(_ANY_LETTER.findall(said), texts)
    letters, told = _letters_and_text(said, texts, known)
    if _is_denied(said, told, texts):
        return set()
    return _indices(letters, told, texts)


def _said(text: str) -> str:
    """The text without the words that announce or confirm an answer."""
    for pattern in (_ANNOUNCEMENT, _CHINESE):
        if announced := pattern.match(text):
            rest = text[announced.end() :].strip()
            text = rest or text
    _, confirmed, rest = text.partition(" is ")
    if confirmed and (match := _CONFIRMED.fullmatch((confirmed + rest).rstrip(" .").rstrip())):
        text = text[: len(text.rstrip(" .")) - len(match[0])]
    if adverb := _ADVERB.match(text):
        text = text[adverb.end() :]
    return text.strip()


def _several(letters: Sequence[str], texts: Sequence[str]) -> set[int]:
    """Letters beside each other: none is named where one is no choice's, as in "N/A"."""
    known = string.ascii_uppercase[: len(texts) or None]
    return _indices(letters, [], texts) if all(each.upper() in known for each in letters) else set()


def _letters_and_text(
    text: str, texts: Sequence[str], known: frozenset[str]
) -> tuple[list[str], list[str]]:
    """The letters that a text uses to name choices, and the texts beside them."""
    if match := _BARE_LETTER.fullmatch(text):
        # A bare letter may be the text of a choice as well; one in brackets is a letter.
        return [match[1]], [text]
    if match := _LETTER_AND_TEXT.fullmatch(text):
        letter = match["bracketed"] or match["marked"] or match["first"]
        beside = match["after"] or match["text"] or match["inside"]
        if _is_own_text(letter, beside, texts):
            return [letter], [beside]
        others = _BARE_LETTER.fullmatch(beside)
        return [letter, *([others[1]] if others else _LETTER_IN_BRACKETS.findall(beside))], [beside]
    for pattern in (_LETTER_THEN_TEXT, _TEXT_THEN_LETTER):
        match = pattern.fullmatch(text)
        if match and _key(match["text"]) in texts:
            return [match["letter"]], [match["text"]]
    bracketed = list(_LETTER_IN_BRACKETS.finditer(text))
    if len(bracketed) == 1:
        beside = text[bracketed[0].end() :].lstrip(" .,:")
        if _is_own_text(bracketed[0][1], beside, texts):
            return [bracketed[0][1]], [beside]
        if _SENTENCE_THEN_LETTER.fullmatch(text):
            return [bracketed[0][1]], []
    before = words_of(text.partition("(")[0].partition("[")[0])
    return [each[1] for each in bracketed] if before <= _AFFIRMING | known else [], [text]


def _is_own_text(letter: str, text: str, texts: Sequence[str]) -> bool:
    index = string.ascii_uppercase.index(letter.upper())
    return index < len(texts) and _key(text) == texts[index]


def _is_denied(said: str, told: Sequence[str], texts: Sequence[str]) -> bool:
    """Whether something beside a choice's own text denies or contrasts.

    A letter that stands first and apart is the answer, and what follows explains it: there only
    words that take the letter back deny it. "(B). There are no cars" does not.
    """
    own = next((each for each in told if _key(each) in texts and len(each) > 1), "")
    rest = said[: len(said) - len(own)] if own and said.endswith(own) else said.replace(own, " ", 1)
    rest = rest.strip()
    if (match := _LETTER_APART.match(rest)) and not own:
        letter, explained = match[1] or match[2] or match[3], rest[match.end() :].strip(" (")
        says_no = _NO.match(explained) and not _is_own_text(letter, "no", texts)
        return bool(says_no or _TAKEN_BACK.search(explained))
    if match := _SENTENCE_THEN_LETTER.fullmatch(rest):
        sentence = match["sentence"]
        return bool(_NEGATION.search(sentence) or _TAKEN_BACK.search(sentence))
    return _DENIED.search(rest) is not None


def _indices(letters: Sequence[str], told: Sequence[str], texts: Sequence[str]) -> set[int]:
    known = string.ascii_uppercase[: len(texts) or None]
    named = {known.index(letter.upper()) for letter in letters if letter.upper() in known}
    named |= {texts.index(_key(text)) for text in told if _key(text) in texts}
    return {texts.index(texts[index]) if texts else index for index in named}


def _key(text: str) -> str:
    """A key that texts of the same choice share: `$1 : 2$` and `1:2` are one."""
    return _IDLE_BLANKS.sub("", normalise(_plain(text)))


def _plain(text: str) -> str:
    """The text without the marks of LaTeX and Markdown, on one line."""
    # Twice, for a box around text; as often as it takes would let a response choose how often.
    text = _WRAPPER.sub(r"\1", _WRAPPER.sub(r"\1", _OLD_STYLE.sub(r"\1", normalised(text))))
    text = _MATH_MODE.sub(" ", _LATEX_BLANK.sub(" ", text))
    text = " ".join(text.replace("**", "").replace("`", "").split()).strip(" $*")
    return (
        text[1:-1].strip() if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'" else text
    )


def _count(named: set[int]) -> str:
    return "none of the choices" if not named else f"{len(named)} different choices"
