"""What is simulated: an interval or a p-value under one condition, table after table."""

import zlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

LEVEL = 0.95
"""Nominal coverage of all intervals; the rest of it is the level of all tests."""

TABLES = 2000
"""Simulated a condition, unless it says otherwise: a coverage of .95 comes out within .01."""


class Ends(Protocol):
    """Whatever has the two ends of an interval."""

    @property
    def low(self) -> float:
        """The lower one."""

    @property
    def high(self) -> float:
        """The upper one."""


class Condition(NamedTuple):
    """One line of a table.

    Attributes:
        name: The interval or p-value, as the product's tables call it, and its formula.
        setting: What is simulated.
        once: One table from a generator; whether the interval holds the truth, or the test rejects
            what is true; None where the product prints neither for the table, which is left out.
        label: Where the product says that this is not what its interval covers; empty where it
            covers.
        tables: How many are simulated.
        drawn: What gives the random numbers, where several conditions read the same tables; its
            own name where empty.
    """

    name: str
    setting: str
    once: Callable[[np.random.Generator], bool | None]
    label: str = ""
    tables: int = TABLES
    drawn: str = ""


class Group(NamedTuple):
    """The conditions of one unit.

    Attributes:
        title: What draws are independent.
        measured: `coverage` or `rejects`.
        conditions: In the order of the document.
    """

    title: str
    measured: str
    conditions: list[Condition]


def rate(condition: Condition, divisor: int = 1) -> float:
    """How often, over the tables of a condition; the same for the same condition.

    Args:
        condition: What is simulated.
        divisor: Of the number of tables, for a first look.
    """
    named = condition.drawn or f"{condition.name}: {condition.setting}"
    rng = np.random.default_rng(zlib.crc32(named.encode()))
    tables = max(1, condition.tables // divisor)
    found = [bool(one) for _ in range(tables) if (one := condition.once(rng)) is not None]
    return sum(found) / len(found) if found else float("nan")


def holds(found: Ends, truth: float) -> bool:
    """Whether an interval holds the truth, rounding apart."""
    return found.low - 1e-12 <= truth <= found.high + 1e-12
