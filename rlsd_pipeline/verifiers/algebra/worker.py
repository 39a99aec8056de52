"""The process in which math-verify runs: `python -P worker.py`; it imports nothing else of ours.

Reads requests as JSON lines, each a gold answer and an answer, and replies to each with two
lines: whether the gold answer could be parsed, then the outcome of the comparison. Text goes
through math-verify's grammar and nothing else; it is never evaluated as Python.
"""

import contextlib
import json
import logging
import math
import os
import resource
import sys
from types import FrameType
from typing import Any, Literal

from math_verify import LatexExtractionConfig, parse, verify
from sympy import Expr, Float, Integer  # type: ignore[import-untyped]
from sympy.core.cache import clear_cache  # type: ignore[import-untyped]

Outcome = Literal["equal", "unequal", "unparsed", "too large", "failed"]

_TOO_LARGE = (MemoryError, RecursionError, OverflowError)
_WARMING = (
    (r"\frac{1}{2}", "0.5"),
    (r"2\sqrt{2}", "2.83"),
    (r"\sin(2x)", r"2\sin x\cos x"),
    ("y=2x+1", "2x-y+1=0"),
)
_EXTRACTION = [LatexExtractionConfig()]


def main(memory_limit_mb: int, seconds_per_request: float, work_limit: int) -> None:
    """Answer requests until the standard input closes."""
    # macOS knows this limit and refuses to set it.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_limit_mb << 20,) * 2)
    logging.disable(logging.CRITICAL)
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    # Libraries that print must not end up among the replies.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # The first comparisons compile the grammar and import modules; no request should wait for it.
    for one, other in _WARMING:
        _compare(parse_text(one), parse_text(other), float_rounding=6)
    print(json.dumps("ready"), file=replies)
    for line in sys.stdin:
        _limit_processor_time(seconds_per_request)
        request = json.loads(line)
        # What was asked before must not decide how much work is left to do.
        clear_cache()
        with WorkLimit(work_limit) as work:
            gold = parse_text(request["gold"])
        print(json.dumps({"gold_parsed": bool(gold) and not work.exhausted}), file=replies)
        outcome, detail = settle(gold, request["answer"], request["float_rounding"], work_limit)
        print(json.dumps({"outcome": outcome, "detail": detail}), file=replies)


def _limit_processor_time(seconds: float) -> None:
    """The parent kills at its deadline; this is for the case that the parent is gone.

    One second more, because the parent must be the first and the kernel counts in seconds.
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = usage.ru_utime + usage.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + seconds) + 1, hard))


class _WorkDone(BaseException):
    """A base exception, so that no `except Exception` of a library catches it."""


class WorkLimit:
    """Ends a block after a number of calls of Python functions.

    Unlike time, it is the same on every machine, however busy. What runs long within one call,
    such as a power of large integers, is for the limit on processor time.
    """

    def __init__(self, calls: int) -> None:
        self._left = calls

    @property
    def exhausted(self) -> bool:
        """Whether the limit was reached, whatever became of the block."""
        return self._left < 0

    def __enter__(self) -> "WorkLimit":
        sys.settrace(self._count)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        sys.settrace(None)
        return kind is not None and issubclass(kind, _WorkDone)

    def _count(self, frame: FrameType, event: str, argument: object) -> None:
        self._left -= 1
        if self._left < 0:
            raise _WorkDone


def settle(
    gold: list[Any], answer: str, float_rounding: int, work_limit: int
) -> tuple[Outcome, str | None]:
    """Compare an answer with a parsed gold one.

    The detail says why there is no comparison; of an equal answer that is not written as a number
    and has a rational value, that it is `rational`.
    """
    if not gold:
        return "unparsed", None
    outcome: tuple[Outcome, str | None] = ("too large", "work")
    with WorkLimit(work_limit) as work:
        outcome = _settle(gold, answer, float_rounding)
    return ("too large", "work") if work.exhausted else outcome


def _settle(gold: list[Any], answer: str, float_rounding: int) -> tuple[Outcome, str | None]:
    parsed = parse_text(answer)
    if not parsed:
        return "unparsed", None
    try:
        equal = _compare(gold, parsed, float_rounding)
        rational = equal and _is_rational(parsed[0])
    except _TOO_LARGE as error:
        return "too large", type(error).__name__
    except Exception as error:
        return "failed", f"{type(error).__name__}: {error}"
    return ("equal" if equal else "unequal"), ("rational" if rational else None)


def parse_text(text: str) -> list[Any]:
    """The expression in a text; empty where the grammar finds none."""
    found = parse(f"${text}$", _EXTRACTION, "no_fallback", parsing_timeout=None)
    return [_whole(each) for each in found]


def _is_rational(expression: Any) -> bool:
    if not isinstance(expression, Expr) or expression.free_symbols:
        return False
    return bool(expression.doit().is_rational)


def _whole(expression: Any) -> Any:
    """Turn 3.0 into 3: SymPy, and with it math-verify, holds the two to be different."""
    if isinstance(expression, Float) and expression == int(expression):
        return Integer(int(expression))
    return expression


def _compare(gold: list[Any], answer: list[Any], float_rounding: int) -> bool:
    equal = verify(
        gold, answer, float_rounding=float_rounding, timeout_seconds=None, raise_on_error=True
    )
    return bool(equal) and _agree_if_small(gold[0], answer[0], float_rounding)


def _agree_if_small(gold: Any, answer: Any, float_rounding: int) -> bool:
    """Compare relatively what is too small to be compared absolutely.

    To math-verify all numbers near zero are one: 1/2004! equals 1/2006!.
    """
    if not all(isinstance(each, Expr) and each.is_number for each in (gold, answer)):
        return True
    expected, found = gold.evalf(), answer.evalf()
    if not (expected.is_real and 0 < abs(expected) < 1):
        return True
    resolution = 10.0**-float_rounding if abs(expected) < 10.0**-float_rounding else None
    tolerance = resolution or 0.5 * 10.0 ** (1 - min(float_rounding, 4))
    return bool(abs(expected - found) <= tolerance * abs(expected))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
