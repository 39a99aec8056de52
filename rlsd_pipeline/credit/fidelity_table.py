"""The fidelity of all methods: over all tokens, within responses, and by part."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rlsd_pipeline.credit.comparison import SEGMENTS, within_responses
from rlsd_pipeline.credit.fidelity import (
    Fidelity,
    MeasuredAdvantages,
    fidelities,
    reliability,
)
from rlsd_pipeline.statistics.methods import holm_p_values
from schemas.weighting_comparison import (
    QUARTERS,
    WITHIN,
    CreditFidelity,
    FidelityDifference,
    MethodFidelity,
)


class Valued(NamedTuple):
    """The measured states and advantages of a table of rollouts.

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
        confidence: Confidence of the intervals.
    """
    measured = valued.measured
    spans = {name: measured.of_spans(credit) for name, credit in credits.items()}
    centred = measured.within_responses()
    whole = fidelities(spans, measured, compared_with, confidence=confidence)
    within = {name: within_responses(credit, measured.rows) for name, credit in spans.items()}
    parts = {WITHIN: fidelities(within, centred, compared_with, confidence=confidence)}
    for part, chosen in _parts(valued).items():
        there = {name: credit[chosen] for name, credit in spans.items()}
        parts[part] = fidelities(
            there, measured.where(chosen), compared_with, confidence=confidence
        )
    corrected = _corrected(whole)
    differences = {part: _differences(found) for part, found in parts.items()}
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
                value=one.value,
                difference=one.difference,
                p_value=one.p_value,
                p_corrected=corrected.get(name),
                within=parts[WITHIN][name].value,
                segments={part: parts[part][name].value for part in SEGMENTS},
                positions=[parts[part][name].value for part in QUARTERS],
                differences={
                    part: found[name] for part, found in differences.items() if name in found
                },
            )
            for name, one in whole.items()
        ],
    )


def _parts(valued: Valued) -> dict[str, np.ndarray]:
    """Name of a segment or a quarter -> its spans, as a mask; `[spans]`."""
    segments, quarters = valued.segments[valued.measured.starts], _quarters(valued)
    return {name: segments == value for name, value in SEGMENTS.items()} | {
        name: quarters == n for n, name in enumerate(QUARTERS)
    }


def _differences(found: Mapping[str, Fidelity]) -> dict[str, FidelityDifference]:
    """The differences of the methods that have one, with p corrected over them."""
    corrected = _corrected(found)
    return {
        name: FidelityDifference(
            difference=one.difference,
            p_value=one.p_value,
            p_corrected=corrected.get(name),
        )
        for name, one in found.items()
        if one.difference is not None
    }


def _corrected(found: Mapping[str, Fidelity]) -> dict[str, float]:
    return holm_p_values(
        {name: one.p_value for name, one in found.items() if one.p_value is not None}
    )


def _quarters(valued: Valued) -> np.ndarray:
    """The quarter of its response in which each span begins, from 0; `[spans]`."""
    measured = valued.measured
    begins = np.concatenate([[0], np.cumsum(valued.lengths)])[measured.rows]
    share = (measured.starts - begins) / valued.lengths[measured.rows].clip(min=1)
    quarters: np.ndarray = np.minimum((share * len(QUARTERS)).astype(np.int64), len(QUARTERS) - 1)
    return quarters
