"""Nearest and furthest methods of a matrix, worked out by hand."""

import math

from rlsd_pipeline.credit.agreement import Agreement, Other, agreements, similar_together

NAMES = ("a", "b", "c", "d", "e")
MATRIX = [
    [1.0, 0.2, 0.9, None, 1.0],
    [0.2, 1.0, -0.3, None, 0.2],
    [0.9, -0.3, 1.0, None, 0.9],
    [None, None, None, None, None],
    [1.0, 0.2, 0.9, None, 1.0],
]
"""`a` and `e` are one, and `d` has no direction."""


def test_every_method_has_its_nearest_and_its_furthest() -> None:
    found = {one.methods: one[1:] for one in agreements(NAMES, MATRIX)}
    assert found == {
        ("a", "e"): (Other("c", 0.9), Other("b", 0.2)),
        ("b",): (Other("a", 0.2), Other("c", -0.3)),
        ("c",): (Other("a", 0.9), Other("b", -0.3)),
    }


def test_what_only_rounds_to_one_is_another_method() -> None:
    nearly = [[1.0, 0.99998], [0.99998, 1.0]]
    assert [one.methods for one in agreements("ab", nearly)] == [("a",), ("b",)]
    fully = [[1.0, 1 - 1e-9], [1 - 1e-9, 1.0]]
    assert agreements("ab", fully) == [Agreement(("a", "b"), None, None)]


def test_nothing_agrees_with_nothing() -> None:
    assert agreements([], []) == []
    assert agreements("a", [[None]]) == []
    assert agreements("a", [[math.nan]]) == []


def test_like_is_beside_like_and_what_has_no_value_is_last() -> None:
    order = similar_together(MATRIX)
    assert order[-1] == 3
    # a and e are one, c is like them, and b is like none: it stands at an end.
    assert {frozenset(order[:3]), frozenset(order[1:4])} & {frozenset({0, 2, 4})}
    assert abs(order.index(0) - order.index(4)) == 1
    # Two pairs, interleaved as they are declared.
    pairs = [[1, 0.1, 0.9, 0], [0.1, 1, 0, 0.9], [0.9, 0, 1, 0.1], [0, 0.9, 0.1, 1]]
    ordered = similar_together(pairs)
    assert {frozenset(ordered[:2]), frozenset(ordered[2:])} == {
        frozenset({0, 2}),
        frozenset({1, 3}),
    }
