"""The base models of a report's parts: a frozen model, an estimate, a difference."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import ConfigDict, Field, FiniteFloat, model_validator

from schemas.documented import Documented

Count = Annotated[int, Field(ge=0)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
NonEmpty = Annotated[str, Field(min_length=1)]
Row = tuple[float, ...]


class Part(Documented):
    """A frozen, documented model that refuses unknown fields.

    Bytes are base64 and non-finite numbers strings in JSON, so that it reads back as written.
    """

    model_config = ConfigDict(
        ser_json_bytes="base64",
        val_json_bytes="base64",
        ser_json_inf_nan="strings",
    )


class Estimate(Part):
    """A number with its interval."""

    value: FiniteFloat
    """The estimate itself."""

    low: FiniteFloat
    """Lower end of its interval."""

    high: FiniteFloat
    """Upper end of its interval."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        check_interval(self.low, self.high)
        return self


class Difference(Estimate):
    """A paired difference with its interval and what speaks against no difference at all."""

    p: Share
    """Two-sided p-value."""

    p_corrected: Share | None = None
    """The same, corrected for the number of comparisons in the report."""

    test: NonEmpty
    """Name of the test that gave the p-value."""


def check_interval(low: float, high: float) -> None:
    """Refuse an interval with its ends swapped.

    It need not hold its estimate: a bootstrap interval of a skewed sample may not.
    """
    if low > high:
        raise ValueError(f"the interval [{low}, {high}] ends before it begins")


def check_length(name: str, values: Sequence[object] | None, of: str, length: int) -> None:
    """Refuse a list that is not aligned with another one."""
    if values is not None and len(values) != length:
        raise ValueError(f"{name} has {len(values)} entries beside {length} {of}")


def check_matrix(name: str, matrix: Sequence[Sequence[float]] | None, length: int) -> None:
    """Refuse a matrix that is not methods × methods."""
    check_length(name, matrix, "methods", length)
    for row in matrix or ():
        check_length(f"a row of {name}", row, "methods", length)


def check_known(name: str, methods: Mapping[str, object] | None, known: Sequence[str]) -> None:
    """Refuse numbers of a method that is not declared."""
    if unknown := set(methods or ()) - set(known):
        raise ValueError(f"{name} names {sorted(unknown)}, which is not in methods {list(known)}")
