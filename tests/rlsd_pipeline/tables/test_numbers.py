import math
from types import SimpleNamespace

import pytest

from rlsd_pipeline.tables.numbers import (
    ends_of,
    p_value,
    percent,
    plain,
    rounded,
    signed,
    true_minus,
    with_ends,
)
from schemas import Interval


@pytest.mark.parametrize(
    ("value", "short"),
    [
        (0.12345678, 0.12346),
        (-123456.7, -123460),
        (1.000004, 1),
        (0.0, 0),
        (1.2345678e-9, 1.2346e-9),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (math.nan, "NaN"),
    ],
)
def test_the_script_gets_more_digits_than_it_shows(value: float, short: float | str) -> None:
    assert rounded(value) == short
    assert isinstance(rounded(value), type(short))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.7537, "0.754"),
        (-0.0312, "−0.0312"),
        (1.2345, "1.23"),
        (9.996, "10.0"),
        (0, "0"),
        (0.0, "0.000"),
        (9120, "9,120"),
        (80.0, "80"),
        (532.34, "532"),
        (-1234.5, "−1,230"),
        (0.00023456, "0.000235"),
        (0.0000123, "1.23e−5"),
        (25_000_000, "25,000,000"),
        (2.5e7, "2.5e7"),
        (None, "–"),
        (math.nan, "–"),
        (-math.inf, "−∞"),
    ],
)
def test_how_numbers_are_written(value: float | None, text: str) -> None:
    assert plain(value) == text


def test_signs_shares_and_p_values() -> None:
    assert [signed(0.05), signed(-0.05), signed(0)] == ["+0.0500", "−0.0500", "0"]
    shares = [0.0, 0.0574, 0.25649, 0.9994, 0.9996, 1, None]
    written = [
        "0.0\u00a0%",
        "5.7\u00a0%",
        "25.6\u00a0%",
        "99.9\u00a0%",
        "100\u00a0%",
        "100\u00a0%",
        "–",
    ]
    assert [percent(share) for share in shares] == written
    assert [p_value(p) for p in (0.0494, 0.00031, 2e-48, 0.0, None)] == [
        "0.049",
        "3e−4",
        "<1e−16",
        "<1e−16",
        "–",
    ]


@pytest.mark.parametrize(
    ("found", "text"),
    [
        # The largest of the three has three digits,
        ((0.7537, 0.7, 0.8), "0.754 [0.700, 0.800]"),
        ((0.7537, 0.7, 1.0), "0.754 [0.700, 1.000]"),
        ((1.2345, 0.5, 1.9999), "1.23 [0.50, 2.00]"),
        ((532.3, 500.25, 560), "532 [500, 560]"),
        ((1234.5, 999.6, 1500), "1,230 [1,000, 1,500]"),
        ((9.996, 0, 0), "10.0 [0.0, 0.0]"),
        # or two where it is below a tenth, since an end near 0 would have but noise.
        ((-0.0312, -0.05, 0.0), "−0.031 [−0.050, 0.000]"),
        ((0.00345, 0.0012, 0.0056), "0.0034 [0.0012, 0.0056]"),
    ],
)
def test_the_numbers_of_an_estimate_have_the_same_decimals(
    found: tuple[float, float, float], text: str
) -> None:
    value, low, high = found
    assert with_ends(SimpleNamespace(value=value, low=low, high=high)) == text


def test_signs_of_an_estimate() -> None:
    near_zero = Interval(value=0.024, low=-0.0002, high=0.0482)
    assert with_ends(near_zero, sign=True) == "+0.024 [−0.000, +0.048]"


@pytest.mark.parametrize("low", [None, -math.inf, math.nan])
def test_an_interval_without_a_bound_has_none(low: float | None) -> None:
    found = Interval(value=0.5, low=low, high=1.0)
    assert ends_of(found) is None
    assert with_ends(found) == "0.500 [–]"
    assert with_ends(found, sign=True) == "+0.500 [–]"
    assert ends_of(SimpleNamespace(value=0.5, low=0.25, high=0.75)) == (0.25, 0.75)


def test_a_minus_is_no_hyphen() -> None:
    assert true_minus("-0.5 [-.7, -0.3] -∞ 1e-05 3e-10") == "−0.5 [−.7, −0.3] −∞ 1e−5 3e−10"
    for name in ("rlsd-s0", "rlsd-0.5", "2026-05-04", "easy_vqa/train-3", "-", "a - b", "--2"):
        assert true_minus(name) == name
