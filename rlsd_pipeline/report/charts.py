"""The report's data on learning against the fidelity of the credit."""

from pydantic import Field

from rlsd_pipeline.report.part import NonEmpty, Part
from schemas import Interval


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
