"""Equality of numbers and of mathematical expressions.

Strings and plain numbers are compared here and exactly; only what needs algebra goes to
math-verify, which runs in a process that may be killed: its own time limit works in the main
thread alone and takes five seconds a step.
"""

import re
from fractions import Fraction

from rlsd_pipeline.config.verifier import MathVerifier, MixedVerifier
from rlsd_pipeline.verifiers.exact import normalise
from rlsd_pipeline.verifiers.killable import KillableProcess
from schemas.problem import Problem
from schemas.reward import Verdict

_LONGEST_TEXT = 256
_REQUESTS_PER_WORKER = 1000

_MATH_MODE = re.compile(r"\$\$(.*)\$\$|\$(.*)\$|\\\((.*)\\\)|\\\[(.*)\\\]", re.DOTALL)
_TEXT_MODE = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\{([^{}]*)\}")
_ROOT = re.compile(r"√\s*(?:\(([^()]*)\)|(\d+|\w))")
_WORDS = re.compile(r"[^\W\d_]{3,}(?: [^\W\d_]+)*")
_THOUSANDS = re.compile(r"(?<=\d)(?:\\,|\\ |~| )(?=\d{3}(?!\d))")
_TWO_NUMBERS = re.compile(r"\d(?:\s|~|\\[,;:! ]|\\q?quad)+[\d.]")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_RATIO = re.compile(r"[+-]?\d+/0*[1-9]\d*")
_NOTATION = str.maketrans({"−": "-", "°": r"^{\circ}", "²": "^{2}", "³": "^{3}", "½": r"\frac12"})


class MathComparison:
    """An answer is right when it is equal to the gold one as mathematics."""

    def __init__(self, config: MathVerifier | MixedVerifier) -> None:
        self._config = config
        self._worker = KillableProcess(
            "rlsd_pipeline.verifiers.math_worker",
            [str(config.memory_limit_mb), str(config.timeout_seconds)],
            requests_per_child=_REQUESTS_PER_WORKER,
        )

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare, and say incorrect only where the two are known to be unequal.

        An answer that cannot be parsed, is too long, takes too much time or kills the worker
        is unparsed: it is the response that is at fault. Where the gold answer cannot be
        parsed, nothing can be said about a response that differs from it.
        """
        if len(answer) > _LONGEST_TEXT:
            return Verdict.UNPARSED, f"longer than {_LONGEST_TEXT} characters"
        gold, answer = plain(problem.answer), plain(answer)
        if normalise(gold) == normalise(answer):
            return Verdict.CORRECT, None
        if _WORDS.fullmatch(gold):
            # To math-verify a word is a product of letters, and "listen" equals "silent".
            return Verdict.INCORRECT, None
        expected, found = exact_number(gold), exact_number(answer)
        if expected is not None and found is not None:
            same = agree(expected, found, self._config.float_rounding)
            return (Verdict.CORRECT if same else Verdict.INCORRECT), None
        if flaw := _flaw(gold):
            return Verdict.VERIFIER_ERROR, f"the gold answer cannot be parsed: {flaw}"
        if flaw := _flaw(answer):
            return Verdict.UNPARSED, flaw
        return self._ask_worker(gold, answer)

    def close(self) -> None:
        """End the worker process."""
        self._worker.close()

    def _ask_worker(self, gold: str, answer: str) -> tuple[Verdict, str | None]:
        message = {"gold": gold, "answer": answer, "float_rounding": self._config.float_rounding}
        received, failure = self._worker.request(
            message, replies=2, timeout_seconds=self._config.timeout_seconds
        )
        if not (received and received[0]["gold_parsed"]):
            why = failure or "not a mathematical expression"
            return Verdict.VERIFIER_ERROR, f"the gold answer cannot be parsed: {why}"
        if failure:
            return Verdict.UNPARSED, failure
        return _verdict(received[1]["outcome"], received[1]["detail"])


def _verdict(outcome: str, detail: str | None) -> tuple[Verdict, str | None]:
    match outcome:
        case "equal":
            return Verdict.CORRECT, None
        case "unequal":
            return Verdict.INCORRECT, None
        case "unparsed":
            return Verdict.UNPARSED, "not a mathematical expression"
        case "too large":
            return Verdict.UNPARSED, f"too large to compare: {detail}"
        case _:
            return Verdict.VERIFIER_ERROR, detail


def _flaw(text: str) -> str | None:
    """Why a text must not reach math-verify."""
    if len(text) > _LONGEST_TEXT:
        return f"longer than {_LONGEST_TEXT} characters"
    # It would take the sum: "2 3" equals 5 there.
    if _TWO_NUMBERS.search(text):
        return "two numbers without an operator between them"
    return None


def plain(text: str) -> str:
    """The text without math-mode marks, groups of thousands, bold marks and a final period."""
    text = text.strip().replace("**", "").removesuffix(".").strip()
    if match := _MATH_MODE.fullmatch(text) or _TEXT_MODE.fullmatch(text):
        text = next(group for group in match.groups() if group is not None)
    # A dollar inside would end the math mode in which math-verify reads the text.
    text = re.sub(r"(?<!\\)\$", " ", text).translate(_NOTATION)
    text = " ".join(_ROOT.sub(r"\\sqrt{\1\2}", text).split())
    return _THOUSANDS.sub("", text).removesuffix(".").strip()


def exact_number(text: str) -> Fraction | None:
    """The value of a plain decimal or of a ratio of integers; None for one of absurd length."""
    if len(text) > _LONGEST_TEXT:
        return None
    if _DECIMAL.fullmatch(text) or _RATIO.fullmatch(text):
        return Fraction(text)
    return None


def agree(expected: Fraction, found: Fraction, float_rounding: int) -> bool:
    """Equality up to a number of decimal places; of integers, and of tiny numbers, in full."""
    if expected.denominator == found.denominator == 1 or abs(expected) < Fraction(
        1, 10**float_rounding
    ):
        return expected == found
    return round(expected, float_rounding) == round(found, float_rounding)
