"""Cells of a declared table as text."""

import math

import pytest

from rlsd_pipeline.tables.credit import between_ends, measured_text
from rlsd_pipeline.tables.table import Cell, Column, Table, table_of_cells, text
from schemas import CreditFidelity, Interval


@pytest.mark.parametrize(
    ("value", "form", "written"),
    [
        ("grpo-1", ".3f", "grpo-1"),
        (0.12345, ".3f", "0.123"),
        (1234, ",", "1,234"),
        (0.03125, "p", "0.031"),
        (0.125, "%", "12.5%"),
        (None, ".3f", "-"),
        (math.nan, ".3f", "-"),
        (math.inf, ".3f", "[–]"),
        (Interval(value=-0.5, low=-0.75, high=0.25), "+.2f", "-0.50 [-0.75, +0.25]"),
        (Interval(value=0.5, low=None, high=1.0), ".2f", "0.50 [–]"),
    ],
)
def test_a_cell_is_written_by_what_it_is(value: Cell, form: str, written: str) -> None:
    assert text(value, form) == written


def test_columns_read_records_and_names_keep_their_hyphens() -> None:
    records = [{"name": "rlsd-1", "gain": -0.5}, {"name": "-", "gain": None}]
    columns = [
        Column("name", lambda record: record["name"]),
        Column("gain", lambda record: record["gain"], "+.1f"),
    ]
    table = Table("t", columns, records)
    assert table.heads == ["name", "gain"]
    assert table.texts() == [["rlsd-1", "−0.5"], ["-", "-"]]
    assert table.texts("")[1] == ["-", ""]


def test_the_ends_stand_around_the_methods() -> None:
    table = table_of_cells("t", ["method", "fidelity", "minus grpo"], [["rlsd", 0.5, 0.25]])
    found = between_ends(table, "best", "worst", "")
    assert found.texts() == [["best", "1", ""], ["rlsd", "0.5", "0.25"], ["worst", "0", ""]]


@pytest.mark.parametrize(
    ("spans", "written"), [(2301, "2,301 tokens"), (1255, "1,255 spans of tokens")]
)
def test_what_was_measured_is_tokens_only_where_each_has_a_state(spans: int, written: str) -> None:
    found = CreditFidelity(
        spans=spans,
        states=207,
        continuations=32,
        reliability=0.5,
        reliability_within=0.5,
        compared_with="grpo",
        methods=[],
    )
    assert measured_text(found, 2301) == written
