"""All methods against the true advantages, over all tokens, within responses, and by part."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rlsd_pipeline.credit.comparison import SEGMENTS, within_responses
from rlsd_pipeline.credit.fidelity import (
    MeasuredAdvantages,
    fidelities,
    reliability,
)
from rlsd_pipeline.evaluation.intervals import Estimate, as_interval
from rlsd_pipeline.evaluation.methods import holm_p_values
from schemas.weighting_comparison import CreditFidelity, Interval, MethodFidelity

QUARTERS = 4


class Valued(NamedTuple):
    """What was measured of a table of rollouts.

    Attributes:
        measured: Advantages of spans.
        segments: Values of `Segment`; `[tokens]`.
        lengths: Tokens of each response; `[rollouts]`.
        states: Distinct states that were valued.
        continuations: Drawn from each.
    """

    measured: MeasuredAdvantages
    segments: np.ndarray
    lengths: np.ndarray
    states: int
    continuations: int


def credit_fidelity(
    credits: Mapping[str, np.ndarray], valued: Valued, compared_with: str, confidence: float
) -> CreditFidelity:
    """The fidelity of every method, and its parts.

    Args:
        credits: Method -> its credit of every token; `[tokens]`.
        valued: What was measured.
        compared_with: The method to which the differences are.
        confidence: Of the intervals.
    """
    measured = valued.measured
    spans = {name: measured.of_spans(credit) for name, credit in credits.items()}
    whole = fidelities(spans, measured, compared_with, confidence=confidence)
    centred = measured.within_responses()
    within = fidelities(
        {name: within_responses(credit, measured.rows) for name, credit in spans.items()},
        centred,
        compared_with,
        confidence=confidence,
    )
    segments = {
        name: _part(spans, measured, valued.segments[measured.starts] == value, confidence)
        for name, value in SEGMENTS.items()
    }
    quarter = _quarters(valued)
    quarters = [_part(spans, measured, quarter == n, confidence) for n in range(QUARTERS)]
    corrected = holm_p_values(
        {name: one.p_value for name, one in whole.items() if one.p_value is not None}
    )
    return CreditFidelity(
        spans=len(measured.first),
        states=valued.states,
        continuations=valued.continuations,
        reliability=reliability(measured),
        reliability_within=reliability(centred),
        compared_with=compared_with,
        methods=[
            MethodFidelity(
                method=name,
                value=_interval(one.value),
                difference=_interval(one.difference),
                p_value=one.p_value,
                p_corrected=corrected.get(name),
                within=_interval(within[name].value),
                segments={part: found[name] for part, found in segments.items()},
                positions=[found[name] for found in quarters],
            )
            for name, one in whole.items()
        ],
    )


def _part(
    spans: Mapping[str, np.ndarray],
    measured: MeasuredAdvantages,
    chosen: np.ndarray,
    confidence: float,
) -> dict[str, Interval | None]:
    """The fidelities on some of the spans."""
    chosen_spans = {name: credit[chosen] for name, credit in spans.items()}
    found = fidelities(chosen_spans, measured.where(chosen), "", confidence=confidence)
    return {name: _interval(one.value) for name, one in found.items()}


def _quarters(valued: Valued) -> np.ndarray:
    """The quarter of its response in which each span begins, from 0; `[spans]`."""
    measured = valued.measured
    begins = np.concatenate([[0], np.cumsum(valued.lengths)])[measured.rows]
    share = (measured.starts - begins) / valued.lengths[measured.rows].clip(min=1)
    quarters: np.ndarray = np.minimum((share * QUARTERS).astype(np.int64), QUARTERS - 1)
    return quarters


def _interval(estimate: Estimate | None) -> Interval | None:
    return None if estimate is None else as_interval(estimate)
