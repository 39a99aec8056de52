"""Numbers: decimals, fractions, mixed numbers, powers and words."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from rlsd_pipeline.verifiers.kinds.answer import (
    Algebra,
    Answer,
    Context,
    Judgement,
    Kind,
    judged,
    unparsed,
)
from schemas.reward import Verdict

_LONGEST = 256
_LARGEST_POWER = 1000

_D = r"(?:\d+\.?\d*|\.\d+)"
_DECIMAL = re.compile(rf"{_D}(?:[eE][+-]?\d{{1,3}})?")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_RATIO = re.compile(r"([+-]?\d+) ?/ ?([+-]?\d+)|\\frac ?\{ ?([+-]?\d+) ?\}\{ ?([+-]?\d+) ?\}")
_MIXED = re.compile(r"(\d+)(?: and | )(\d+) ?/ ?(\d+)|(\d+)(?: and)? ?\\frac ?\{(\d+)\}\{(\d+)\}")
_REPEATING = re.compile(
    r"(\d*)\.(\d*)(?:\\(?:overline|bar|dot) ?\{? ?(\d+) ?\}?|\((\d+)\)|(\d)\5\5+(?:\.\.\.|…))"
)
_SCIENTIFIC = re.compile(
    rf"(?:({_D}) ?(?:\\times|\\cdot|\*|x|X) ?)?10 ?(?:\^|\*\*) ?\{{? ?([+-]?\d{{1,3}}) ?\}}?"
)
_POWER = re.compile(r"(\d{1,6}) ?(?:\^|\*\*) ?\{? ?(\d{1,4}) ?\}?")
_PARENTHESES = re.compile(r"\(([^()]*)\)")
_SIGN = re.compile(r"([+-]|minus |negative ) ?(?=[\d.\\a-z])", re.IGNORECASE)
_EXACT = re.compile(r"[+-]?[\d,]+|[^.%]*(?:/|\\frac)[^.%]*")
_MULTIPLIED = re.compile(
    rf"({_D}|[1-9]\d{{0,2}}(?:,\d{{3}})+) (hundred|thousand|million|billion|trillion|dozen)s?",
    re.IGNORECASE,
)
_MULTIPLIERS = {
    "hundred": 10**2,
    "dozen": 12,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}


@dataclass(frozen=True)
class Number(Answer):
    """A rational number."""

    kind: ClassVar[Kind] = Kind.NUMBER

    value: Fraction

    @property
    def latex(self) -> str:
        """The number for the algebra: a decimal, so that it is compared as one, where it was."""
        if re.fullmatch(r"-?\d+\.\d+", self.text):
            return self.text
        top, bottom = self.value.numerator, self.value.denominator
        return str(top) if bottom == 1 else rf"\frac{{{top}}}{{{bottom}}}"

    @property
    def is_exact(self) -> bool:
        """Whether it is written as an integer or a fraction, which is not rounded."""
        return _EXACT.fullmatch(self.text) is not None

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """Equal in value; a unit that the gold answer does not name may follow."""
        from rlsd_pipeline.verifiers.kinds.expression import Expression
        from rlsd_pipeline.verifiers.kinds.percent import Percent
        from rlsd_pipeline.verifiers.kinds.quantity import Quantity

        match answer:
            case Number():
                if self.is_exact and answer.is_exact:
                    return judged(self.value == answer.value)
                return judged(agree(self.value, answer.value, algebra.float_rounding))
            case Quantity():
                return self.compare(answer.value, algebra)
            case Percent() if answer.asked:
                alike = self.compare(answer.shown, algebra)
                return alike if alike.verdict is Verdict.CORRECT else answer.meant_by(self, algebra)
            case Percent():
                return answer.meant_by(self, algebra)
            case Expression():
                return result_only(algebra.equal(self.latex, answer.latex), answer.text, algebra)
        return judged(False)

    def another_form(self) -> str | None:
        """An integer with a decimal, a fraction of a decimal, a fraction of twice the size."""
        top, bottom = self.value.numerator, self.value.denominator
        if len(str(top) + str(bottom)) > _LONGEST // 2:
            return None
        return f"{top}.0" if bottom == 1 else rf"\frac{{{2 * top}}}{{{2 * bottom}}}"


def result_only(judgement: Judgement, text: str, algebra: Algebra) -> Judgement:
    """The judgement, unless the answer leaves to the reader what it should have computed."""
    if judgement.computed and not algebra.accept_computations:
        return unparsed(f"a computation that was not carried out: {text}")
    return judgement


def agree(expected: Fraction, found: Fraction, float_rounding: int) -> bool:
    """Equality of integers in full, of others up to a number of decimal places.

    Numbers near zero must agree relatively as well, to four significant digits or as many as there
    are decimal places: 0.000001 and 0.0000014 round to the same six places.
    """
    if expected.denominator == found.denominator == 1:
        return expected == found
    if round(expected, float_rounding) != round(found, float_rounding):
        return False
    tolerance = Fraction(1, 2 * 10 ** (min(float_rounding, 4) - 1)) if float_rounding else 1
    return abs(expected - found) <= tolerance * abs(expected)


def read_number(text: str, context: Context) -> Number | None:
    """A number and nothing else; None for what is none, and for one of absurd size."""
    value = number_in(text)
    return None if value is None else Number(value, text=text)


def number_in(text: str) -> Fraction | None:
    """The value of a text that is a number."""
    if len(text) > _LONGEST:
        return None
    if match := _PARENTHESES.fullmatch(text):
        text = match[1].strip()
    if match := _SIGN.match(text):
        value = _unsigned(text[match.end() :])
        negative = match[1] != "+"
        return None if value is None else -value if negative else value
    return _unsigned(text)


def _unsigned(text: str) -> Fraction | None:
    if _DECIMAL.fullmatch(text):
        return Fraction(text)
    if _THOUSANDS.fullmatch(text):
        return Fraction(text.replace(",", ""))
    for pattern, read in _FORMS:
        if match := pattern.fullmatch(text):
            return read(match)
    return _in_words(text)


def _ratio(match: re.Match[str]) -> Fraction | None:
    top, bottom = (int(each) for each in match.groups() if each is not None)
    return Fraction(top, bottom) if bottom else None


def _mixed(match: re.Match[str]) -> Fraction | None:
    whole, top, bottom = (int(each) for each in match.groups() if each is not None)
    # 2 3/2 is a product to some and three and a half to others.
    return whole + Fraction(top, bottom) if top < bottom else None


def _repeating(match: re.Match[str]) -> Fraction:
    whole, fixed, period = match[1], match[2], match[3] or match[4] or match[5]
    before = Fraction(int(whole + fixed or "0"), 10 ** len(fixed))
    return before + Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(fixed))


def _scientific(match: re.Match[str]) -> Fraction | None:
    exponent = int(match[2])
    if abs(exponent) > _LARGEST_POWER:
        return None
    return Fraction(match[1] or "1") * Fraction(10) ** exponent


def _power(match: re.Match[str]) -> Fraction | None:
    base, exponent = int(match[1]), int(match[2])
    return Fraction(base**exponent) if exponent <= _LARGEST_POWER else None


def _multiplied(match: re.Match[str]) -> Fraction:
    return Fraction(match[1].replace(",", "")) * _MULTIPLIERS[match[2].casefold()]


_FORMS = (
    (_RATIO, _ratio),
    (_MIXED, _mixed),
    (_REPEATING, _repeating),
    (_SCIENTIFIC, _scientific),
    (_POWER, _power),
    (_MULTIPLIED, _multiplied),
)

_PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4,
    "fourths": 4, "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "seventh": 7, "sevenths": 7,
    "eighth": 8, "eighths": 8, "ninth": 9, "ninths": 9, "tenth": 10, "tenths": 10,
    "hundredth": 100, "hundredths": 100, "thousandth": 1000, "thousandths": 1000,
}  # fmt: skip
_SMALL = {"a": 1, "an": 1}
_LETTERS = re.compile(r"[A-Za-z]+(?:[ -][A-Za-z]+)*")


def _in_words(text: str) -> Fraction | None:
    """The value of "twenty-one", "three point five", "two and a half", "three quarters"."""
    if not _LETTERS.fullmatch(text):
        return None
    words = text.casefold().replace("-", " ").split()
    if "point" in words:
        place = words.index("point")
        whole, digits = _cardinal(words[:place]), [_cardinal([each]) for each in words[place + 1 :]]
        if whole is None or not digits or any(each is None or each > 9 for each in digits):
            return None
        return Fraction(f"{whole}.{''.join(map(str, digits))}")
    if words[-1] in _PARTS:
        return _parts(words)
    if words[-1] == "dozen":
        count = 1 if words[:-1] in ([], ["a"], ["one"]) else _cardinal(words[:-1])
        return None if count is None else Fraction(12 * count)
    value = _cardinal(words)
    return None if value is None else Fraction(value)


def _parts(words: list[str]) -> Fraction | None:
    part = _PARTS[words[-1]]
    counted = words[:-1]
    whole = 0
    if "and" in counted and counted[-1] in (*_SMALL, "one", "two", "three"):
        place = len(counted) - 1 - counted[::-1].index("and")
        found = _cardinal(counted[:place])
        if found is None:
            return None
        whole, counted = found, counted[place + 1 :]
    if counted in (["a"], ["one"], []) and (counted or words == ["half"]):
        return whole + Fraction(1, part)
    top = _cardinal(counted)
    return None if top is None or top >= part else whole + Fraction(top, part)


def _cardinal(words: list[str]) -> int | None:
    # Imported when a number is written in words, which most are not.
    from text_to_num import text2num  # type: ignore[import-untyped]

    if words and words[0] in _SMALL and words[1:] in (["hundred"], ["thousand"], ["million"]):
        words = ["one", *words[1:]]
    try:
        return int(text2num(" ".join(words), "en"))
    except ValueError:
        return None
