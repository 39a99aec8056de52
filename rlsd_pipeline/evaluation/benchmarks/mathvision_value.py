r"""The value of an answer in LaTeX by MathVision's rules, without running `eval`.

They let latex2sympy2 1.9.1 read the answer and run `eval` on what SymPy prints of it, in a name
space that holds Python's `math` module. Only arithmetic survives that: a symbol, a list or a
relation is an undefined name there. So this reads arithmetic and nothing else, with the habits of
that grammar: an expression ends where it cannot go on (`5}. So` is 5), numbers and factors that
touch are multiplied, and `1/2\pi` is `1/(2\pi)`.
"""

import math
import operator
import re
from collections.abc import Callable
from typing import Any, NoReturn

_DEEPEST_NESTING = 40
_LARGEST_BITS = 100_000
_LARGEST_FACTORIAL = 5_000

_FUNCTION_WORDS = (
    *("tr", "trace", "eye", "zeros", "ones", "cols", "rows", "diag", "norm", "rank", "rref"),
    *("hstack", "vstack", "orth", "nullspace", "eig", "svd", "gcd", "lcm", "floor", "ceil"),
)
"""Words that the grammar knows and that cannot continue an expression: `2 triangles` is 2."""

# The grammar's digits and blanks are ASCII: a no-break space or a full-width digit is an error.
_TOKEN = re.compile(
    rf"""[ \t\r\n]*(?:
    (?P<number>(?:[0-9]*(?:,[0-9]{{3}})*\.[0-9]+|[0-9]+(?:,[0-9]{{3}})*)(?:\\%)?)
    | (?P<word>{"|".join(_FUNCTION_WORDS)})
    | (?P<sign>\\[a-z]+|\\[\\}}]|[-+*/:^!(){{}}\[\]._&'e]|$)
    )""",
    re.VERBOSE,
)
_BLANKS = re.compile(r"\\(?:displaystyle|qquad|quad|left|right)(?![a-z])|\\,|~|\$")
_CLOSING = {"(": ")", "{": "}", "[": "]"}
_ENDS = (
    *("", ")", "}", "]", ".", "_", "&", "'", "\\\\", r"\}", r"\choose", r"\to", r"\rightarrow"),
    *_FUNCTION_WORDS,
)
_SPACE = " \t\r\n"
_ASSIGNED = re.compile(r"[a-df-z][ \t\r\n]*=")
_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    **{"+": operator.add, "-": operator.sub},
    **dict.fromkeys(("*", r"\times", r"\cdot"), operator.mul),
    **dict.fromkeys(("/", r"\div", ":", r"\over"), operator.truediv),
}
_FUNCTIONS: dict[str, Callable[[Any], float]] = {
    **{r"\log": math.log10, r"\exp": math.exp},
    **{r"\sin": math.sin, r"\cos": math.cos, r"\tan": math.tan},
    **{r"\arcsin": math.asin, r"\arccos": math.acos, r"\arctan": math.atan},
}


def rounded_value(latex: str) -> float | None:
    """The value, rounded to two decimal places; None where the authors' code finds none."""
    latex = latex.replace(r"\dfrac", r"\frac").replace(r"\tfrac", r"\frac")
    latex = _without_assignment(_BLANKS.sub(" ", latex))
    try:
        value: float = round(_Arithmetic(latex).value(), 2)
    except (ValueError, TypeError, ArithmeticError):
        return None
    return value


def _without_assignment(latex: str) -> str:
    """The text without its first `x =` and the blanks before it, in linear time."""
    if not (found := _ASSIGNED.search(latex)):
        return latex
    return latex[: found.start()].rstrip(_SPACE) + latex[found.end() :]


class _Arithmetic:
    """One reading of a text, from left to right; raises ValueError if it is no arithmetic."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._depth = 0
        self._end = 0
        self._advance()

    def value(self) -> Any:
        result = self._sum()
        return result if self._at_end else self._refuse()

    @property
    def _at_end(self) -> bool:
        # A power of a factorial needs brackets.
        return not self._is_number and (self._next in _ENDS or self._next == "^")

    def _advance(self) -> None:
        token = _TOKEN.match(self._text, self._end)
        if not token:
            self._refuse()
        self._is_number = token["number"] is not None
        self._next: str = token[0].lstrip(_SPACE)
        self._end = token.end()

    def _refuse(self) -> NoReturn:
        raise ValueError(f"no arithmetic at {self._end}")

    def _take(self, token: str) -> None:
        if self._next != token:
            self._refuse()
        self._advance()

    def _sum(self) -> Any:
        result = self._product()
        while self._next in ("+", "-"):
            sign = _SIGNS[self._next]
            self._advance()
            result = sign(result, self._product())
        return result

    def _product(self) -> Any:
        result = self._signed()
        while self._next in _SIGNS and self._next not in ("+", "-"):
            sign = _SIGNS[self._next]
            self._advance()
            result = _limited(sign(result, self._signed()))
        return result

    def _signed(self) -> Any:
        sign = 1
        while self._next in ("+", "-"):
            sign = -sign if self._next == "-" else sign
            self._advance()
        result = self._power()
        while not (self._at_end or self._next in _SIGNS):
            result = _limited(result * self._power())
        return sign * result

    def _power(self) -> Any:
        result = self._atom()
        while self._next == "^":
            self._advance()
            result = _power(result, self._exponent())
        while self._next == "!":
            self._advance()
            result = _factorial(result)
        return result

    def _exponent(self) -> Any:
        if not (self._is_number or self._next in ("{", r"\pi")):
            self._refuse()
        return self._atom()

    def _atom(self) -> Any:
        token, is_number = self._next, self._is_number
        if token in _CLOSING:
            return self._group(token)
        self._advance()
        if is_number:
            return _number(token)
        match token:
            case r"\pi":
                return math.pi
            case "e":
                self._take("^")
                return math.exp(self._exponent())
            case r"\frac":
                return self._group("{") / self._group("{")
            case r"\sqrt":
                degree = self._group("[") if self._next == "[" else 2
                root = self._group("{")
                return math.sqrt(root) if degree == 2 else root ** (1 / degree)
            case _ if token in _FUNCTIONS:
                argument = self._group("(") if self._next == "(" else self._product()
                return _FUNCTIONS[token](argument)
        self._refuse()

    def _group(self, opening: str) -> Any:
        self._depth += 1
        if self._depth > _DEEPEST_NESTING:
            self._refuse()
        self._take(opening)
        result = self._sum()
        self._take(_CLOSING[opening])
        self._depth -= 1
        return result


def _number(token: str) -> Any:
    digits = token.replace(",", "").removesuffix(r"\%")
    number = float(digits) if "." in digits or len(digits) > 300 else int(digits)
    return number / 100 if token.endswith("%") else number


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int):
        _limited(1 << min(base.bit_length() * abs(exponent), _LARGEST_BITS + 1))
    return base**exponent


def _factorial(number: Any) -> int:
    if not isinstance(number, int) or number > _LARGEST_FACTORIAL:
        raise ValueError("no factorial")
    return math.factorial(number)


def _limited(number: Any) -> Any:
    if isinstance(number, int) and number.bit_length() > _LARGEST_BITS:
        raise OverflowError("too large")
    return number
