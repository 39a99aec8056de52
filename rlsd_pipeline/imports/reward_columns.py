"""The rewards of a log that has one column a reward function, and their weighted sum."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from rlsd_pipeline.config.strict import nearest
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.imports.row import UnusableError


def rewards(
    record: Mapping[str, Any], known: Collection[str], weights: Mapping[str, float] | None
) -> dict[str, Any]:
    """`reward` and `parts` of a record.

    Args:
        record: One row.
        known: Columns that are no rewards.
        weights: Column -> weight; None takes every column of numbers that is not known, by 1.

    Raises:
        DataError: A weighted column is not there.
        UnusableError: A reward is no finite number; nan is a function that did not apply.
    """
    for name in record if weights is None else weights:
        if name not in known and _is_beyond(record.get(name)):
            raise UnusableError("a reward that is no finite number")
    numbers = {name: value for name, value in record.items() if is_number(value)}
    if weights is None:
        weights = {name: 1.0 for name in record if name not in known and name in numbers}
    for name in weights:
        if name not in record:
            raise DataError(f"reward_weights: {name!r}: {nearest(name, list(record), 'columns')}")
    # A function that does not apply to a row gives none there, and adds nothing.
    parts = {name: float(numbers[name]) for name in weights if name in numbers}
    if not parts:
        return {}
    return {"reward": sum(weights[name] * part for name, part in parts.items()), "parts": parts}


def _is_beyond(value: Any) -> bool:
    """Whether a value is a number, and too large for one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return False
    return not is_number(value)


def is_number(value: Any) -> bool:
    """Whether a value of a log is a finite number that a float holds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
