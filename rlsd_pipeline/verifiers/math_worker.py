"""The process in which math-verify runs: `python -m rlsd_pipeline.verifiers.math_worker`.

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
from typing import Any, Literal

from math_verify import LatexExtractionConfig, parse, verify
from sympy import Expr, Float, Integer  # type: ignore[import-untyped]

Outcome = Literal["equal", "unequal", "unparsed", "too large", "failed"]

_TOO_LARGE = (MemoryError, RecursionError, OverflowError)
_EXTRACTION = [LatexExtractionConfig()]


def main(memory_limit_mb: int, seconds_per_request: float) -> None:
    """Answer requests until the standard input closes."""
    # macOS knows this limit and refuses to set it.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_limit_mb << 20,) * 2)
    logging.disable(logging.CRITICAL)
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    # Libraries that print must not end up among the replies.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # The first comparison compiles the grammar; no request should pay for that.
    _compare(parse_text(r"\frac{1}{2}"), parse_text("0.5"), float_rounding=6)
    print(json.dumps("ready"), file=replies)
    for line in sys.stdin:
        _limit_processor_time(seconds_per_request)
        request = json.loads(line)
        gold = parse_text(request["gold"])
        print(json.dumps({"gold_parsed": bool(gold)}), file=replies)
        outcome, detail = settle(gold, request["answer"], request["float_rounding"])
        print(json.dumps({"outcome": outcome, "detail": detail}), file=replies)


def _limit_processor_time(seconds: float) -> None:
    """The parent kills at its deadline; this is for the case that the parent is gone.

    One second more, because the parent must be the first and the kernel counts in seconds.
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = usage.ru_utime + usage.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + seconds) + 1, hard))


def settle(gold: list[Any], answer: str, float_rounding: int) -> tuple[Outcome, str | None]:
    """Compare an answer with a parsed gold one; a detail says why there is no comparison."""
    parsed = parse_text(answer)
    if not (gold and parsed):
        return "unparsed", None
    try:
        equal = _compare(gold, parsed, float_rounding)
    except _TOO_LARGE as error:
        return "too large", type(error).__name__
    except Exception as error:
        return "failed", f"{type(error).__name__}: {error}"
    return ("equal" if equal else "unequal"), None


def parse_text(text: str) -> list[Any]:
    """The expression in a text; empty where the grammar finds none."""
    found = parse(f"${text}$", _EXTRACTION, "no_fallback", parsing_timeout=None)
    return [_whole(each) for each in found]


def _whole(expression: Any) -> Any:
    """Turn 3.0 into 3: SymPy, and with it math-verify, holds the two to be different."""
    if isinstance(expression, Float) and expression == int(expression):
        return Integer(int(expression))
    return expression


def _compare(gold: list[Any], answer: list[Any], float_rounding: int) -> bool:
    equal = verify(
        gold, answer, float_rounding=float_rounding, timeout_seconds=None, raise_on_error=True
    )
    return bool(equal) and _agree_if_tiny(gold[0], answer[0], 10.0**-float_rounding)


def _agree_if_tiny(gold: Any, answer: Any, resolution: float) -> bool:
    """Compare relatively what is too small to be compared absolutely.

    To math-verify all numbers near zero are one: 1/2004! equals 1/2006!.
    """
    if not all(isinstance(each, Expr) and each.is_number for each in (gold, answer)):
        return True
    expected, found = gold.evalf(), answer.evalf()
    if not (expected.is_real and 0 < abs(expected) < resolution):
        return True
    return bool(abs(expected - found) <= resolution * abs(expected))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
