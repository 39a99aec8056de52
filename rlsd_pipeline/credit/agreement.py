"""Reduces a matrix of many methods to the nearest and the furthest method of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

EQUAL = 1 - 1e-6
"""Smallest correlation or cosine that counts as 1."""

Matrix = Sequence[Sequence[float | None]]
"""Symmetric, 1 on the diagonal; None or nan if one of the two methods is constant or 0."""


class Other(NamedTuple):
    """Another method, and its correlation or cosine."""

    method: str
    value: float


class Agreement(NamedTuple):
    """The nearest and the furthest method of a group of methods that agree fully.

    Attributes:
        methods: The group, often a single method. Other groups name it by its first method.
        nearest: The method of another group with the highest value; None without another group.
        furthest: The one with the lowest value.
    """

    methods: tuple[str, ...]
    nearest: Other | None
    furthest: Other | None


def agreements(names: Sequence[str], matrix: Matrix) -> list[Agreement]:
    """Returns the nearest and the furthest method of every method, similar methods together.

    Args:
        names: The methods.
        matrix: `[names, names]`. A method without a value on the diagonal gets no entry.
    """
    values = np.array(matrix, dtype=float)
    groups: dict[int, list[str]] = {}
    for place, name in enumerate(names):
        if not np.isnan(values[place, place]):
            first = next((one for one in groups if values[one, place] >= EQUAL), place)
            groups.setdefault(first, []).append(name)
    found = []
    for first in filter(groups.__contains__, similar_together(matrix)):
        others = [Other(names[one], float(values[first, one])) for one in groups if one != first]
        by_value = sorted(others, key=lambda other: other.value)
        ends = (by_value[-1], by_value[0]) if by_value else (None, None)
        found.append(Agreement(tuple(groups[first]), *ends))
    return found


def similar_together(matrix: Matrix) -> list[int]:
    """Returns an order of the rows that puts similar ones together, and those without a value last.

    It is the order of the leaves of a tree: average linkage on 1 minus the value.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    values = np.array(matrix, dtype=float)
    known = [place for place in range(len(values)) if not np.isnan(values[place, place])]
    unknown = [place for place in range(len(values)) if place not in known]
    if len(known) < 3:
        return known + unknown
    distances = np.clip(1 - values[np.ix_(known, known)], 0, None)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), "average", optimal_ordering=True)
    return [known[leaf] for leaf in leaves_list(tree)] + unknown
