"""What the paper reports for Qwen3-VL-8B on five benchmarks (arXiv 2604.03128; method.md §4).

Another model, other data, one run without an interval: shown beside one's own numbers to compare
the order of the methods, never the values.
"""

from collections.abc import Mapping

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
