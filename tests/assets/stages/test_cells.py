"""The cells of Dagster's tables."""

import math

import dagster as dg
import pytest

from assets.stages.cells import cells_by_head, digits, numbers, shown
from rlsd_pipeline.statistics.intervals import within
from rlsd_pipeline.tables.table import Column, Table, table_of_cells


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.030249, "0.0302"),
        (-0.5, "\u22120.5"),
        (7, "7"),
        (1234.4, "1,234"),
        (-2000, "\u22122,000"),
        (math.inf, "inf"),
    ],
)
def test_a_number_has_three_digits_or_is_whole(value: float, text: str) -> None:
    assert digits(value) == text


def test_a_declared_table_keeps_whole_numbers() -> None:
    columns = [
        Column("method", lambda row: row[0], "<"),
        Column("n", lambda row: row[1], "d"),
        Column("score", lambda row: row[2]),
    ]
    found = [within(0.5, (0.35, 0.65)), None, -0.12345]
    table = Table("scores", columns, list(zip(("a-b", "c", "d"), (40, 3, 2), found, strict=True)))
    rows: list[dict[str, str | int]] = [
        {"method": "a-b", "n": 40, "score": "0.500 [0.350, 0.650]"},
        {"method": "c", "n": 3, "score": "-"},
        {"method": "d", "n": 2, "score": "\u22120.123"},
    ]
    assert cells_by_head(table) == rows
    assert {name: found.records for name, found in shown(table).items()} == {
        "scores": [dg.TableRecord(row) for row in rows]
    }


def test_columns_beyond_the_page_are_a_table_of_their_own() -> None:
    heads = ["method", *(f"number {n}" for n in range(5))]
    table = table_of_cells("scores", heads, [("of many words", *[-0.123456] * 5)], form=".6f")
    found = shown(table)
    # Pixels: 6 letters of a head and 13 for the names, 9 letters of a cell and 13 for each number.
    assert 56.4 + 3 * 88.9 < 405 < 56.4 + 4 * 88.9
    assert {name: list(one.records[0].data) for name, one in found.items()} == {
        "scores": heads[:4],
        "scores, part 2": ["method", *heads[4:]],
    }


def test_a_stage_without_numbers_has_no_table() -> None:
    assert numbers(None) == numbers({}) == {}
    (name, table), *_ = numbers({"norm": 0.25}).items()
    assert (name, [record.data for record in table.records]) == (
        "numbers",
        [{"name": "norm", "value": "0.25"}],
    )
