"""Training curves of each method, with bands over seeds.

The results, the report and the page of a running training draw the same charts.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from rlsd_pipeline.report.charts import Chart, Curve
from rlsd_pipeline.report.collected.numbers import arm_numbers
from rlsd_pipeline.report.collected.quantities import PARTS, QUANTITIES, Quantity
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.intervals import SEEDS_REASON, mean_interval, within
from rlsd_pipeline.tables.numbers import ends_of
from schemas import Interval

_OF_RESPONSES = ("rewards/", "rollouts/")
"""What the names of numbers begin with that say something of an iteration's responses."""

_MOST_POINTS = 30
"""Most points of a line; a longer training is drawn by the means of that many stretches."""


Numbers = Mapping[int, Mapping[str, float]]
"""Iteration -> number by name; an update without a signal lacks some."""


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
        name: {
            arm.name: _unbroken(arm_numbers(workspace, arm.name))
            for arm in of
            if arm.name in chosen
        }
        for name, of in methods.items()
    }
    confidence = workspace.experiment.evaluation.confidence
    own = {method: of for method, of in numbers.items() if methods[method][0].learns_from_itself}
    charts = []
    for quantity in _quantities(numbers):
        shown = own if quantity.number.startswith(_OF_RESPONSES) else numbers
        found = [_curve(method, of, quantity, confidence) for method, of in shown.items()]
        if curves := [curve for curve in found if curve]:
            charts.append(
                Chart(
                    name=quantity.name,
                    y_label=quantity.unit,
                    curves=tuple(curves),
                    band_meaning=_meaning(curves, confidence),
                )
            )
    return tuple(charts)


def _unbroken(iterations: Numbers) -> Numbers:
    """The iterations before the first that the training has not come to."""
    first = min(iterations, default=0)
    return {k: each for place, (k, each) in enumerate(iterations.items()) if k == first + place}


def _quantities(numbers: Mapping[str, Mapping[str, Numbers]]) -> list[Quantity]:
    """Those that every experiment may have, with the parts of this one's reward."""
    iterations = [each for arms in numbers.values() for of in arms.values() for each in of.values()]
    found = {name for each in iterations for name in each if name.startswith(PARTS)}
    parts = [
        Quantity(name, f"reward: {name.removeprefix(PARTS)}", "mean before its weight")
        for name in sorted(found)
    ]
    return [QUANTITIES[0], *parts, *QUANTITIES[1:]]


def _curve(
    method: str, arms: Mapping[str, Numbers], quantity: Quantity, confidence: float
) -> Curve | None:
    """The curve of a method; None if no iteration has the quantity."""
    name = quantity.number
    reached = {
        arm: max(of) + 1 for arm, of in arms.items() if any(name in each for each in of.values())
    }
    if not reached:
        return None
    width = -(-max(reached.values()) // _MOST_POINTS)
    seeds = {arm: _stretches(arms[arm], name, end, width) for arm, end in reached.items()}
    shared = sorted(set.intersection(*map(set, seeds.values())))
    band = {at: _mean([of[at] for of in seeds.values()], quantity, confidence) for at in shared}
    return Curve(method=method, n_seeds=len(seeds), band=band, seeds=seeds)


def _stretches(iterations: Numbers, name: str, end: int, width: int) -> dict[float, float]:
    """Middle of each stretch of iterations -> its mean; an incomplete one is left out."""
    values = {k: each[name] for k, each in iterations.items() if name in each}
    found = {}
    for start in range(0, end - width + 1, width):
        stretch = [values[k] for k in range(start, start + width) if k in values]
        if stretch:
            found[start + (width - 1) / 2] = float(np.mean(stretch))
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
