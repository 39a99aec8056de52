"""What the paper reports for Qwen3-VL-8B on five benchmarks (arXiv 2604.03128; method.md §4).

Another model, other data, one run without an interval: shown beside one's own numbers to compare
the order of the methods, never the values.
"""

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


def published_average(weighting: str) -> float | None:
    """The paper's mean over the five benchmarks, per cent; None where it reports none."""
    scores = PUBLISHED.get(weighting)
    return None if scores is None else sum(scores) / len(scores)
