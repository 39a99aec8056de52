"""A number with its interval, and a difference with its test.

Where the data give no bound, an end is infinite, so that it compares as any number; JSON has no
infinity, and a document holds null in its place.
"""

import math
from typing import Annotated

from pydantic import (
    BeforeValidator,
    Field,
    FiniteFloat,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)

from schemas.record import Contract, NonEmpty

PValue = Annotated[FiniteFloat, Field(ge=0)]


def _known(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number of a document; leave its interval out instead")
    return value


_AS_NULL = PlainSerializer(
    lambda end: end if math.isfinite(end) else None, return_type=float | None
)
_NULLABLE = WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "null"}]})


def _read(value: object, info: ValidationInfo) -> object:
    """Refuse the words NaN and Infinity, which are no JSON, in a document."""
    if info.mode == "json" and isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no number of a document")
    return value


_READ = BeforeValidator(_read)
_FROM_NULL_BELOW = BeforeValidator(lambda end: -math.inf if end is None else end)
_FROM_NULL_ABOVE = BeforeValidator(lambda end: math.inf if end is None else end)

Number = Annotated[float, _READ, PlainSerializer(_known, return_type=float)]
"""It may be nan or infinite, as 0 / 0 is; no document can hold such a number."""

LowerEnd = Annotated[float, _FROM_NULL_BELOW, _READ, _AS_NULL, _NULLABLE]
UpperEnd = Annotated[float, _FROM_NULL_ABOVE, _READ, _AS_NULL, _NULLABLE]


class Interval(Contract):
    """A number with its interval over problems; a bound is null if the data give none."""

    value: Number
    low: LowerEnd
    high: UpperEnd


class ScoreDifference(Contract):
    """A paired difference of two scores, with its test."""

    value: FiniteFloat
    """Mean difference."""

    low: LowerEnd
    """Lower end of its interval, not corrected; null if the data give no bound."""

    high: UpperEnd
    """Upper end."""

    p_value: PValue
    """Two-sided, not corrected."""

    p_corrected: PValue | None
    """p-value after Holm's correction: of a gain over the benchmarks, of a difference over the
    methods."""

    test: NonEmpty
    """The test behind the p-value."""
