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
            what is true.
        label: Where the product says that this is not what its interval covers; empty where it
            covers.
        tables: How many are simulated.
    """

    name: str
    setting: str
    once: Callable[[np.random.Generator], bool]
    label: str = ""
    tables: int = TABLES


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
    named = f"{condition.name}: {condition.setting}".encode()
    rng = np.random.default_rng(zlib.crc32(named))
    tables = max(1, condition.tables // divisor)
    return sum(bool(condition.once(rng)) for _ in range(tables)) / tables


def holds(found: Ends, truth: float) -> bool:
    """Whether an interval holds the truth, rounding apart."""
    return found.low - 1e-12 <= truth <= found.high + 1e-12
