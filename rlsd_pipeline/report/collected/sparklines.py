"""Curves as text, for logs and other places where a picture would be too large."""

from collections.abc import Sequence

from rlsd_pipeline.report.charts import Chart
from rlsd_pipeline.tables.numbers import true_minus

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 24


def sparklines(charts: Sequence[Chart]) -> str:
    """Two lines a chart, of its first curve: name, first and last value; below them the shape.

    Side by side they would be wider than the column of a value in Dagster, which cuts them.
    """
    names = max((len(chart.name) for chart in charts), default=0)
    return "\n".join(
        f"{chart.name:<{names}}  {_ends(values)}\n{_shape(values)}"
        for chart in charts
        if (values := [mean.value for mean in chart.curves[0].band.values()])
    )


def sparkline(values: Sequence[float]) -> str:
    """The shape of some values, and the first and last of them."""
    return f"{_shape(values)} {_ends(values)}"


def _ends(values: Sequence[float]) -> str:
    return true_minus(f"{values[0]:.3g} → {values[-1]:.3g}")


def _shape(values: Sequence[float]) -> str:
    """A bar a value, from the smallest to the largest; of many values, evenly chosen ones."""
    count = min(len(values), _WIDTH)
    chosen = [values[round(n * (len(values) - 1) / max(count - 1, 1))] for n in range(count)]
    low, high = min(chosen), max(chosen)
    if high == low:
        return _BARS[0] * count
    last = len(_BARS) - 1
    return "".join(_BARS[round(last * (value - low) / (high - low))] for value in chosen)
