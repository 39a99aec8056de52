"""The data of the report's charts: learning curves, learning against fidelity, and λ by ε_w."""

from typing import Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from rlsd_pipeline.report.part import Count, NonEmpty, Part, check_length
from schemas import Interval


class Curve(Part):
    """One method over the updates."""

    method: NonEmpty
    """The method."""

    n_seeds: Count
    """Number of seeds the band is over."""

    band: dict[FiniteFloat, Interval]
    """Updates, ascending → mean; what its interval is over, the chart says."""

    seeds: dict[str, dict[FiniteFloat, FiniteFloat]] = Field(default_factory=dict)
    """Arm → updates → value; drawn faintly where there are several."""


class Chart(Part):
    """Learning curves of one quantity."""

    name: NonEmpty
    """What is measured, such as a benchmark's name."""

    y_label: str
    """The quantity, with its unit if it has one."""

    curves: tuple[Curve, ...]
    """One a method."""

    blind: FiniteFloat | None = None
    """Score of answering without looking at the image."""

    band_meaning: str = ""
    """What the bands are intervals over, their level, and n; part of the caption."""


class LearningPoint(Part):
    """One method."""

    method: NonEmpty
    """The method."""

    fidelity: Interval
    """Of its credit on shared rollouts; 1 of the oracle, by definition."""

    gain: Interval
    """What it learnt more than the baseline; without an interval where there is one seed."""


class LearningPlot(Part):
    """All methods by one number of their learning."""

    name: NonEmpty
    """What was learnt, and how a curve became one number."""

    baseline: NonEmpty
    """The method at zero."""

    points: tuple[LearningPoint, ...] = Field(min_length=2)
    """The methods."""

    meaning: str = ""
    """Where the fidelity was measured, and what the intervals are over."""


class GridMap(Part):
    """One quantity in every cell."""

    name: NonEmpty
    """What is measured."""

    baseline: FiniteFloat | None = None
    """The quantity for the compared method; null where it is not known."""

    better: Literal["higher", "lower"]
    """Which values are good."""

    cells: tuple[tuple[Interval | None, ...], ...]
    """Null where it is not known; `[clips, mixes]`."""

    meaning: str = ""
    """What the intervals are over, and n."""

    @property
    def is_difference(self) -> bool:
        """Whether the compared method is at 0 since its own values were subtracted."""
        return self.better == "higher" and self.baseline == 0


class Grid(Part):
    """Arms that differ in λ and ε_w alone."""

    name: NonEmpty
    """Of the benchmark that its scores are on."""

    mixes: tuple[FiniteFloat, ...] = Field(min_length=2)
    """λ, ascending."""

    clips: tuple[FiniteFloat, ...] = Field(min_length=2)
    """ε_w, ascending."""

    maps: tuple[GridMap, ...] = Field(min_length=1)
    """A map a quantity."""

    @model_validator(mode="after")
    def _check_cells(self) -> Self:
        for one in self.maps:
            check_length(one.name, one.cells, "values of ε_w", len(self.clips))
            for row in one.cells:
                check_length(f"a row of {one.name}", row, "values of λ", len(self.mixes))
        return self
