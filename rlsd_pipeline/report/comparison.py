"""The report's data on how methods differ in credit, gradient and look-ahead."""

import math
from collections.abc import Iterable, Sequence

from rlsd_pipeline.report.part import Part, Row
from rlsd_pipeline.tables.numbers import ends_of
from schemas import (
    GradientComparison,
    Interval,
    MethodFidelity,
    MethodLookahead,
    WeightingComparison,
)


class Comparison(Part):
    """All methods on the same rollouts: the only thing that differs is the method."""

    credit: WeightingComparison
    """What every method gives, and its fidelity if token values were measured."""

    gradients: GradientComparison | None = None
    """The gradients of the methods' losses on these rollouts."""

    lookahead: tuple[MethodLookahead, ...] = ()
    """Scores after further updates from one shared policy."""

    baseline: str = ""
    """The method that the differences are to."""

    meaning: str = ""
    """Where the rollouts come from and which tokens count, in a sentence."""

    fidelity_meaning: str = ""
    """What was measured and how reliably, or how to measure it, in a sentence or two."""

    signal_meaning: str = ""
    """What bias and noise of the gradients mean, in a few sentences."""

    lookahead_meaning: str = ""
    """From which policy, how many updates, over what the intervals are, and n."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods, in the order of the matrices."""
        gradients = [] if self.gradients is None else self.gradients.methods
        return tuple(dict.fromkeys([*self._compared, *gradients]))

    @property
    def fidelity(self) -> list[MethodFidelity]:
        """The nearest method first; those without a fidelity last."""
        found = self.credit.fidelity
        methods = [] if found is None else found.methods
        return sorted(methods, key=lambda one: -one.value.value if one.value else math.inf)

    @property
    def bounded_fidelity(self) -> dict[str, Interval]:
        """Method → its fidelity, where the data bound it."""
        return bounded(self.fidelity)

    @property
    def rank_correlation(self) -> tuple[Row, ...]:
        """Spearman's ρ of the credit over tokens; `[methods, methods]`."""
        return spread(self._compared, self.credit.rank_correlation, self.methods)

    @property
    def rank_correlation_within(self) -> tuple[Row, ...]:
        """The same after each response's mean is subtracted; `[methods, methods]`."""
        return spread(self._compared, self.credit.rank_correlation_within, self.methods)

    @property
    def gradient_cosine(self) -> tuple[Row, ...] | None:
        """Cosine between the gradients; `[methods, methods]`."""
        found = self.gradients
        return None if found is None else spread(found.methods, found.cosines, self.methods)

    @property
    def _compared(self) -> list[str]:
        return [method.method for method in self.credit.methods]


def bounded(fidelity: Iterable[MethodFidelity]) -> dict[str, Interval]:
    """Method → its fidelity, where the data bound it."""
    found = {one.method: one.value for one in fidelity}
    return {method: value for method, value in found.items() if value and ends_of(value)}


def spread(
    known: Sequence[str], matrix: Sequence[Sequence[float | None]], names: Sequence[str]
) -> tuple[Row, ...]:
    """A matrix over `known` methods as one over `names`; nan where there is nothing."""
    places = {name: place for place, name in enumerate(known)}

    def cell(row: str, column: str) -> float:
        value = None
        if row in places and column in places:
            value = matrix[places[row]][places[column]]
        return math.nan if value is None else value

    return tuple(tuple(cell(row, column) for column in names) for row in names)
