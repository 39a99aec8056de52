"""Expressions, which only algebra can compare."""

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
)
from rlsd_pipeline.verifiers.kinds.number import Number, number_in
from rlsd_pipeline.verifiers.kinds.vocabulary import words

LONGEST = 256
"""Characters of an expression; algebra takes more than linear time."""

_TOKEN = re.compile(
    r"\s+|\d+(?:\.\d+)?|\.\d+|\\[A-Za-z]+|\\[{}|]|[A-Za-z]+|[-+*/^_=<>!'|.,:;&()\[\]{}]"
)
_COMMANDS = frozenset(
    words(
        "frac sqrt pi cdot times div pm mp log ln lg exp sin cos tan cot sec csc arcsin "
        "arccos arctan sinh cosh tanh alpha beta gamma delta epsilon varepsilon zeta eta "
        "theta vartheta iota kappa lambda mu nu xi rho sigma tau upsilon phi varphi chi "
        "psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega infty binom sum prod "
        "int lim max min gcd lcm mod pmod bmod lfloor rfloor lceil rceil overline bar vec "
        "hat to rightarrow circ leq geq neq in cup cap emptyset mid partial prime cbrt "
        "angle triangle det arg Re Im imath lvert rvert vert wedge vee"
    )
)
_FUNCTIONS = frozenset(words("sin cos tan cot sec csc log ln exp sqrt pi max min gcd lcm mod"))
_ENGLISH = frozenset(
    words("is or not no on in of to and but if at by an as it we be so up us me my he do go am")
)
_LETTERS_ALONE = re.compile(r"[A-Za-z]{2,}")
_LONGEST_RUN = 4
_TWO_NUMBERS = re.compile(r"\d\s+[\d.]")
_ROOT_OF_PARENTHESES = re.compile(r"(?<!\\)sqrt ?\(([^()]*)\)")
_BARE = re.compile(r"(?<![\\A-Za-z])(sin|cos|tan|cot|sec|csc|log|ln|exp|pi|sqrt)(?![A-Za-z])")
_INFINITY = re.compile(r"([+-]?) ?(?:\\infty|infinity|inf)", re.IGNORECASE)
_HUGE = re.compile(
    r"\^ ?\{[^{}]*\^|\^ ?\w{1,9} ?\^|\^ ?\(?[\d^]+\^|"
    r"\^ ?\{? ?[+-]?\d{5,}|\d{5,} ?!|[)}\]] ?!.*\^|\^.*[)}\]] ?!|! ?!"
    r"|\^ ?\{[^{}]*!"
)


@dataclass(frozen=True)
class Expression(Answer):
    """A mathematical expression in LaTeX whose tokens are all known."""

    kind: ClassVar[Kind] = Kind.EXPRESSION

    latex: str

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """Equal as algebra; a unit may follow, and degrees equal their radians."""
        from rlsd_pipeline.verifiers.kinds.percent import Percent
        from rlsd_pipeline.verifiers.kinds.quantity import Quantity

        match answer:
            case Expression() | Number():
                return algebra.equal(self.latex, answer.latex)
            case Quantity() if answer.is_angle and r"\pi" in self.latex:
                return algebra.equal(self.latex, answer.in_radians)
            case Quantity():
                return self.compare(answer.value, algebra)
            case Percent():
                return answer.meant_by(self, algebra)
        return judged(False)

    def another_form(self) -> str | None:
        """The same in parentheses, which goes through the algebra."""
        if _INFINITY.fullmatch(self.latex):
            return "∞" if self.latex == r"\infty" else None
        return f"({self.latex})"


def read_expression(text: str, context: Context) -> Expression | None:
    """A text all of whose tokens are mathematics; words are not products of letters."""
    return expression_in(text)


def expression_in(text: str) -> Expression | None:
    """The expression that a text is."""
    if len(text) > LONGEST or not text:
        return None
    if match := _INFINITY.fullmatch(text):
        return Expression(rf"{match[1].replace('+', '')}\infty", text=text)
    latex = _ROOT_OF_PARENTHESES.sub(r"\\sqrt{\1}", text)
    latex = _BARE.sub(r"\\\1 ", latex)
    return Expression(latex, text=text) if is_mathematics(latex) else None


def is_mathematics(text: str) -> bool:
    """Whether the text is an expression and holds nothing that algebra would drop or misread."""
    if _LETTERS_ALONE.fullmatch(text) or _TWO_NUMBERS.search(text) or not balanced(text):
        return False
    end = 0
    for token in _TOKEN.finditer(text):
        if token.start() != end or not _known(token[0]):
            return False
        end = token.end()
    return end == len(text) and bool(re.search(r"[\dA-Za-z]", text))


def too_large(latex: str) -> bool:
    """Whether a power or factorial is so large that its digits could not be written down."""
    return _HUGE.search(latex) is not None


def balanced(text: str) -> bool:
    """Whether each brace and parenthesis that opens is closed; half-open intervals are none."""
    depth = {"{": 0, "(": 0, "[": 0}
    opens = {"}": "{", ")": "(", "]": "["}
    for character in re.sub(r"\\[{}]", "", text):
        if character in depth:
            depth[character] += 1
        elif character in opens:
            depth[opens[character]] -= 1
            if depth[opens[character]] < 0:
                return False
    return not any(depth.values())


def _known(token: str) -> bool:
    if token.startswith("\\") and token[1:].isalpha():
        return token[1:] in _COMMANDS
    if token[0].isalpha() and len(token) > 1:
        run = token.casefold()
        return run in _FUNCTIONS or (len(run) <= _LONGEST_RUN and run not in _ENGLISH)
    return True


def value_of(text: str) -> Number | Expression | None:
    """A number or an expression; None for anything else."""
    value = number_in(text)
    return expression_in(text) if value is None else Number(value, text=text)


def scaled(value: Number | Expression, factor: Fraction) -> Number | Expression:
    """The value times a factor."""
    if factor == 1:
        return value
    if isinstance(value, Number):
        return Number(value.value * factor, text=value.text + " ")
    times = rf"\frac{{{factor.numerator}}}{{{factor.denominator}}}"
    return Expression(rf"{times}\cdot({value.latex})", text=value.text)
