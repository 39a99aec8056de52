"""The scores that the paper reports for Qwen3-VL-8B on five benchmarks (arXiv 2604.03128).

They are of another model and other data, from one run without an interval. Tables show them to
compare the order of the methods, never the values.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

BENCHMARKS = ("MMMU", "MathVista", "MathVision", "ZeroBench", "WeMath")

PUBLISHED: dict[str, tuple[float, ...]] = {
    "base": (62.44, 73.80, 47.37, 19.76, 54.10),
    "grpo": (65.11, 76.20, 48.82, 22.60, 56.57),
    "opsd": (63.82, 75.10, 47.53, 21.06, 54.95),
    "sdpo": (65.11, 74.00, 47.27, 25.15, 52.19),
    "grpo_opsd": (63.22, 75.90, 48.52, 22.16, 54.76),
    "rlsd": (67.22, 78.10, 52.73, 24.85, 58.00),
}
"""Type of the weighting -> accuracy in per cent, in the order of `BENCHMARKS`."""

PROTOCOL = (
    "The paper's figures are of Qwen3-VL-8B, without intervals or seeds; it names no prompt, "
    "temperature, harness or judge.",
    "Its prompts and responses have at most 4,096 tokens each, as in training.",
    "The denominators are inferred from the printed decimals: a figure that fits none is an "
    "average over runs, or misprinted.",
)
"""What is known of how the published table came about; the benchmarks add their own."""


class Denominator(NamedTuple):
    """The denominator of a published figure.

    Attributes:
        total: How many of them there are.
        unit: What they are.
    """

    total: int
    unit: str


DENOMINATORS = {
    "MMMU": Denominator(900, "questions of the validation split"),
    "MathVista": Denominator(1000, "questions of testmini"),
    "MathVision": Denominator(3040, "questions of the test split"),
    "ZeroBench": Denominator(334, "subquestions"),
    "WeMath": Denominator(1050, "half points of the 525 groups of testmini"),
}
"""Benchmark -> the denominator that most of its column fits; other splits fit less or nothing."""


class PublishedCell(NamedTuple):
    """One figure of the published table.

    Attributes:
        percent: As printed.
        total: The denominator of its column.
        correct: The only numerator that rounds to it; None where no single run gives it.
    """

    percent: float
    total: int
    correct: int | None

    @property
    def implied(self) -> str:
        """The fraction behind it."""
        return "fits no single run" if self.correct is None else f"{self.correct}/{self.total}"

    def __str__(self) -> str:
        return f"{self.percent:.2f} ({self.implied})"


def implied_count(percent: float, total: int) -> int | None:
    """The count k whose share 100 k / total rounds to a figure of two decimals, if there is one.

    A tie may have been rounded either way. Up to 5,000 questions there is at most one k.
    """
    printed = Fraction(Decimal(str(percent)))
    count = round(printed * total / 100)
    off = abs(Fraction(100 * count, total) - printed)
    return count if off <= Fraction(1, 200) else None


def published_cells(weighting: str) -> dict[str, PublishedCell]:
    """Benchmark -> the figure of a type of weighting; empty for one that the paper has not."""
    figures = zip(BENCHMARKS, PUBLISHED.get(weighting, ()), strict=weighting in PUBLISHED)
    return {
        name: PublishedCell(
            percent, DENOMINATORS[name].total, implied_count(percent, DENOMINATORS[name].total)
        )
        for name, percent in figures
    }


def published_methods(named: Mapping[str, str]) -> dict[str, tuple[float, ...]]:
    """Method -> what the paper reports for it.

    Of several methods of one type only the first is the paper's; the others are variants.

    Args:
        named: Method -> type of its weighting, in the declared order.
    """
    first: dict[str, str] = {}
    for method, weighting in named.items():
        first.setdefault(weighting, method)
    return {method: PUBLISHED[kind] for kind, method in first.items() if kind in PUBLISHED}


def published_rows() -> list[list[str]]:
    """The published table as text, a head and a line a method; per cent with implied fractions."""
    head = ["method", *(f"{name} (of {DENOMINATORS[name].total})" for name in BENCHMARKS)]
    return [head, *([kind, *map(str, published_cells(kind).values())] for kind in PUBLISHED)]
