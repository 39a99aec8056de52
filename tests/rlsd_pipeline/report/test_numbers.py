import math

import pytest

from rlsd_pipeline.report.numbers import (
    interval,
    middle,
    p_value,
    percent,
    plain,
    rounded,
    signed,
)
from rlsd_pipeline.report.part import Estimate


@pytest.mark.parametrize(
    ("value", "short"),
    [
        (0.123456, 0.1235),
        (-1234.56, -1235),
        (1.00004, 1),
        (0.0, 0),
        (1.23456e-9, 1.235e-9),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (math.nan, "NaN"),
    ],
)
def test_four_significant_digits(value: float, short: float | str) -> None:
    assert rounded(value) == short
    assert isinstance(rounded(value), type(short))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.7537, "0.754"),
        (-0.0312, "−0.031"),
        (0, "0"),
        (0.0, "0.000"),
        (32, "32"),
        (80.0, "80"),
        (532.34, "532.3"),
        (0.00023456, "0.0002346"),
        (0.0000123, "1.2e−05"),
        (2.5e7, "25000000"),
        (2.50000015e7, "2.5e+07"),
        (None, "–"),
        (math.nan, "–"),
        (-math.inf, "−∞"),
    ],
)
def test_how_numbers_are_written(value: float | None, text: str) -> None:
    assert plain(value) == text


def test_signs_shares_and_p_values() -> None:
    assert [signed(0.05), signed(-0.05), signed(0)] == ["+0.050", "−0.050", "0"]
    assert [percent(0.256), percent(None)] == ["25.6 %", "–"]
    assert [p_value(p) for p in (0.0494, 0.00031, 2e-48, 0.0, None)] == [
        "0.049",
        "3e−4",
        "<1e−16",
        "<1e−16",
        "–",
    ]


def test_the_numbers_of_an_estimate_have_the_same_decimals() -> None:
    near_zero = Estimate(value=0.024, low=-0.0002, high=0.0482)
    assert middle(near_zero, sign=True) == "+0.024"
    assert interval(near_zero, sign=True) == "[−0.000, +0.048]"
    assert interval(Estimate(value=532.3, low=500.25, high=560)) == "[500.2, 560]"
