"""Training curves of each method, with bands over seeds.

The results, the report and the page of a running training draw the same charts.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rlsd_pipeline.report.collected.numbers import arm_numbers
from rlsd_pipeline.report.collected.quantities import PARTS, QUANTITIES, Quantity
from rlsd_pipeline.report.data import Chart, Curve
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.intervals import SEEDS_REASON, mean_interval, within
from rlsd_pipeline.tables.numbers import ends_of
from schemas import Interval

_OF_RESPONSES = ("rewards/", "rollouts/")
"""What the names of numbers begin with that say something of an iteration's responses."""

_MOST_POINTS = 30
"""Most points of a line; a longer training is drawn by the means of that many stretches."""


class Series(NamedTuple):
    """One quantity of one arm.

    Attributes:
        end: The first iteration that the training has not come to.
        values: Iteration -> value; an update without a signal lacks some.
    """

    end: int
    values: Mapping[int, float]


def training_charts(workspace: Workspace, arms: Iterable[str] | None = None) -> tuple[Chart, ...]:
    """A chart for every quantity that was measured, the reward and its parts first.

    A line ends where its training is, and at the first iteration that is not there. A method that
    learns from the data set's responses has no line of what those are.

    Args:
        workspace: The experiment.
        arms: Only of these; of all unless told.
    """
    methods = workspace.experiment.methods()
    chosen = set(workspace.experiment.lineages() if arms is None else arms)
    numbers = {
        name: {arm.name: arm_numbers(workspace, arm.name) for arm in of if arm.name in chosen}
        for name, of in methods.items()
    }
    confidence = workspace.experiment.evaluation.confidence
    own = {method for method, of in methods.items() if of[0].learns_from_itself}
    charts = []
    for quantity in _quantities(numbers):
        curves = []
        for method, of in numbers.items():
            if method not in own and quantity.number.startswith(_OF_RESPONSES):
                continue
            series = {arm: found for arm, each in of.items() if (found := _series(each, quantity))}
            if series:
                curves.append(_curve(method, series, quantity, confidence))
        if curves:
            charts.append(
                Chart(
                    name=quantity.name,
                    y_label=quantity.unit,
                    curves=tuple(curves),
                    band_meaning=_meaning(curves, confidence),
                )
            )
    return tuple(charts)


def _quantities(
    numbers: Mapping[str, Mapping[str, Mapping[int, Mapping[str, float]]]],
) -> list[Quantity]:
    """Those that every experiment may have, with the parts of this one's reward."""
    found = {
        name
        for arms in numbers.values()
        for iterations in arms.values()
        for each in iterations.values()
        for name in each
        if name.startswith(PARTS)
    }
    parts = [
        Quantity(name, f"reward: {name.removeprefix(PARTS)}", "mean before its weight")
        for name in sorted(found)
    ]
    return [QUANTITIES[0], *parts, *QUANTITIES[1:]]


def _series(iterations: Mapping[int, Mapping[str, float]], quantity: Quantity) -> Series | None:
    """The values of consecutive iterations; None if no iteration has the quantity."""
    end = min(iterations, default=0)
    while end in iterations:
        end += 1
    values = {
        k: each[quantity.number]
        for k, each in iterations.items()
        if k < end and quantity.number in each
    }
    return Series(end, values) if values else None


def _curve(
    method: str, series: Mapping[str, Series], quantity: Quantity, confidence: float
) -> Curve:
    width = -(-max(one.end for one in series.values()) // _MOST_POINTS)
    seeds = {arm: _stretches(one, width) for arm, one in series.items()}
    shared = sorted(set.intersection(*map(set, seeds.values())))
    band = {at: _mean([of[at] for of in seeds.values()], quantity, confidence) for at in shared}
    return Curve(method=method, n_seeds=len(seeds), band=band, seeds=seeds)


def _stretches(series: Series, width: int) -> dict[float, float]:
    """Middle of each stretch of iterations -> its mean; an incomplete one is left out."""
    found = {}
    for start in range(0, series.end - width + 1, width):
        values = [series.values[k] for k in range(start, start + width) if k in series.values]
        if values:
            found[start + (width - 1) / 2] = float(np.mean(values))
    return found


def _mean(values: Sequence[float], quantity: Quantity, confidence: float) -> Interval:
    """The mean over seeds with its interval; equal values, or a single one, have none."""
    found = mean_interval(values, confidence)
    if ends_of(found) is None:
        return within(found.value, (found.value, found.value))
    low, high = quantity.bounds
    return within(found.value, (max(found.low, low), min(found.high, high)))


def _meaning(curves: Sequence[Curve], confidence: float) -> str:
    said = ["Of each iteration's rollouts and update, by the updates before it."]
    if any(curve.n_seeds > 1 for curve in curves):
        said.append(f"Bands are {confidence:.0%} intervals over seeds. {SEEDS_REASON}.")
    gaps = [after - before for curve in curves for before, after in pairwise(curve.band)]
    if gaps and max(gaps) > 1:
        said.append(f"A point is the mean of {max(gaps):.0f} iterations.")
    return " ".join(said)
