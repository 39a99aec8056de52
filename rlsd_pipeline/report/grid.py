"""The report's data on RLSD over a grid of its two bounds, λ and ε_w."""

from typing import Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from rlsd_pipeline.report.part import NonEmpty, Part, check_length
from schemas import Interval


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
