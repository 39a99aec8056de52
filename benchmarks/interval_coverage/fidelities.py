"""Intervals and p-values of a fidelity: over all tokens, within responses, and by part of them.

Policies are trees whose values are enumerated (tests/enumerated_policy.py), a step a token: the
first is format, the last the answer. Every table goes through `credit_fidelity`, as the product's
do. One in which the two halves agree on no advantage has no fidelity, and is left out.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from benchmarks.fidelity_coverage import angle
from benchmarks.interval_coverage.conditions import LEVEL, Condition, holds
from rlsd_pipeline.credit.comparison import within_responses
from rlsd_pipeline.credit.fidelity_table import Valued, credit_fidelity
from rlsd_pipeline.credit.segments import Segment
from schemas import MethodFidelity
from schemas.weighting_comparison import QUARTERS, WITHIN
from tests.enumerated_policy import DEPTH, Table, Tree

SIZES = ((16, 4), (32, 4), (128, 16))
"""Problems, and continuations of each half: the last one is that of the pages."""

WHOLE = "all tokens"
SEGMENTS = np.array([Segment.FORMAT, *[Segment.REASONING] * (DEPTH - 2), Segment.ANSWER])
PARTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    WHOLE: lambda step: step >= 0,
    WITHIN: lambda step: step >= 0,
    "reasoning": lambda step: SEGMENTS[step] == Segment.REASONING,
    "answer": lambda step: SEGMENTS[step] == Segment.ANSWER,
    QUARTERS[0]: lambda step: 4 * step // DEPTH == 0,
    QUARTERS[2]: lambda step: 4 * step // DEPTH == 2,
}
"""Part of the responses -> which of their steps it has."""

NEAR, OTHER = "near", "as near"
TABLES = 1000


def coverage() -> list[Condition]:
    """Of fidelities and their differences."""
    apart = (WHOLE, "reasoning", QUARTERS[2])
    return [
        *(_value(part, *size) for part in PARTS for size in SIZES),
        *(_difference(part, *size) for part in apart for size in SIZES),
    ]


def tests() -> list[Condition]:
    """Of two credits that are equally far from the truth, each with a noise of its own."""
    return [
        _test(part, *size) for part in (WHOLE, WITHIN, "reasoning", QUARTERS[2]) for size in SIZES
    ]


@lru_cache
def true_fidelities() -> dict[tuple[str, str], float]:
    """Part and credit -> its fidelity over very many problems."""
    rng = np.random.default_rng(0)
    many = Table(rng, [Tree(rng) for _ in range(10_000)])
    step, rows = np.arange(len(many.true)) % DEPTH, many.measured.rows
    found = {}
    for part, of in PARTS.items():
        for name, credit in (("grpo", many.credits["grpo"]), (NEAR, many.credits["noisy"])):
            compared = [one[of(step)] for one in (credit, many.true)]
            if part == WITHIN:
                compared = [within_responses(one, rows) for one in compared]
            if compared[0].any():
                found[part, name] = angle(*compared)
    return found


@lru_cache(maxsize=len(SIZES) * TABLES)
def _methods(problems: int, half: int, seed: int) -> dict[str, MethodFidelity]:
    """What the product says of a table; the differences are to the near credit."""
    rng = np.random.default_rng(seed)
    table = Table(rng, [Tree(rng) for _ in range(problems)], half)
    near, tokens = table.credits["noisy"], len(table.true)
    credits = {
        NEAR: near,
        "grpo": table.credits["grpo"],
        OTHER: table.true + 0.15 * rng.standard_normal(tokens),
    }
    lengths = np.full(tokens // DEPTH, DEPTH)
    segments = np.resize(SEGMENTS, tokens)
    valued = Valued(table.measured, segments, lengths, tokens, 2 * half)
    found = credit_fidelity(credits, valued, NEAR, LEVEL)
    return {one.method: one for one in found.methods}


def _condition(
    name: str,
    part: str,
    problems: int,
    half: int,
    read: Callable[[dict[str, MethodFidelity]], bool | None],
) -> Condition:
    setting = f"{problems} problems, {half} + {half} continuations a state"

    def once(rng: np.random.Generator) -> bool | None:
        return read(_methods(problems, half, int(rng.integers(2**32))))

    there = "within responses" if part == WITHIN else part
    return Condition(
        f"{name} (bootstrap)",
        f"{there}, {setting}",
        once,
        tables=TABLES,
        drawn=f"fidelity: {setting}",
    )


def _value(part: str, problems: int, half: int) -> Condition:
    def read(methods: dict[str, MethodFidelity]) -> bool | None:
        one = methods[NEAR]
        found = one.value if part == WHOLE else one.parts()[part]
        return None if found is None else holds(found, true_fidelities()[part, NEAR])

    return _condition("fidelity", part, problems, half, read)


def _difference(part: str, problems: int, half: int) -> Condition:
    def read(methods: dict[str, MethodFidelity]) -> bool | None:
        one, true = methods["grpo"], true_fidelities()
        of = one if part == WHOLE else one.differences.get(part)
        if of is None or of.difference is None:
            return None
        return holds(of.difference, true[part, "grpo"] - true[part, NEAR])

    return _condition("difference of fidelities", part, problems, half, read)


def _test(part: str, problems: int, half: int) -> Condition:
    def read(methods: dict[str, MethodFidelity]) -> bool | None:
        one = methods[OTHER]
        of = one if part == WHOLE else one.differences.get(part)
        return None if of is None or of.p_value is None else of.p_value < 1 - LEVEL

    return _condition("p of a fidelity's difference", part, problems, half, read)
