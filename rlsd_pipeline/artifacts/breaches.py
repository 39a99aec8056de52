"""Finds the bad entries of a column: each marker and rule of a record gives a mask."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.types import AllowInfNan

from rlsd_pipeline.artifacts.columns import Values
from schemas.record import (
    AlignedWith,
    AnyPresent,
    Column,
    NullExactlyWhen,
    PresentByDefault,
    Rule,
)


class Breach(NamedTuple):
    """A promise that entries may break."""

    mask: pa.BooleanArray
    """True on the entries that break it; false or null on the others."""

    fault: str
    """The fault of such an entry, as text after its name."""


def value_breaches(values: pa.Array, declared: Values) -> Iterator[Breach]:
    """One breach for each promise made about single values."""
    if declared.members:
        known = pc.is_in(values, value_set=pa.array(declared.members, pa.string()))
        # A null is not a member either; whether it may stand here is another promise.
        unknown = pc.and_(pc.invert(known), values.is_valid())
        yield Breach(unknown, f"is none of {', '.join(declared.members)}")
    for marker in declared.markers:
        # One is checked against another column; the others say how the column is stored.
        if not isinstance(marker, AlignedWith | Column | PresentByDefault):
            yield _marker_breach(values, marker)


def rule_breach(columns: Callable[[str], pa.Array], rule: Rule) -> Breach:
    """The rows that break a rule between columns."""
    match rule:
        case NullExactlyWhen(field, other, values):
            there = pc.is_in(columns(other), value_set=pa.array(map(str, values), pa.string()))
            return Breach(pc.not_equal(columns(field).is_null(), there), str(rule))
        case AnyPresent(fields):
            absent = columns(fields[0]).is_null()
            for field in fields[1:]:
                absent = pc.and_(absent, columns(field).is_null())
            return Breach(absent, str(rule))


def lengths(values: pa.Array) -> pa.Array:
    """Entries of each list, or bytes of each text; null of a null."""
    if pa.types.is_list(values.type):
        return pc.list_value_length(values)
    return pc.binary_length(values)


def first(mask: pa.Array) -> int | None:
    """Position of the first true entry."""
    position = pc.index(mask, True).as_py()
    return None if position < 0 else position


def _marker_breach(values: pa.Array, marker: object) -> Breach:
    def against(compare: Callable[..., pa.BooleanArray], bound: Any) -> pa.BooleanArray:
        # A bound of the column's own type spares a cast of the whole column.
        return compare(values, pa.scalar(bound, values.type))

    match marker:
        case Ge(bound):
            return Breach(against(pc.less, bound), f"is less than {bound}")
        case Gt(bound):
            return Breach(against(pc.less_equal, bound), f"is not greater than {bound}")
        case Le(bound):
            return Breach(against(pc.greater, bound), f"is greater than {bound}")
        case Lt(bound):
            return Breach(against(pc.greater_equal, bound), f"is not less than {bound}")
        case MinLen(length):
            return Breach(pc.less(lengths(values), length), f"is shorter than {length}")
        case AllowInfNan(allow_inf_nan=False):
            return Breach(pc.invert(pc.is_finite(values)), "is not finite")
    raise TypeError(f"no column check for the marker {marker}")
