"""A matrix over methods on a terminal, narrow and wide."""

import io

import pytest
from rich.console import Console

from assets.cli.agreement import agreement_table
from assets.cli.fitted import FittedTable

LONG = "prefix_tree, branches only"
"""No compared method has a longer name."""


def printed(names: list[str], values: list[list[float | None]], width: int) -> list[str]:
    output = Console(file=io.StringIO(), width=width)
    output.print(FittedTable(agreement_table("who with whom", names, values, "it is constant")))
    assert isinstance(output.file, io.StringIO)
    return [line.rstrip() for line in output.file.getvalue().splitlines()]


def related(count: int) -> list[list[float | None]]:
    """The further apart in the list, the less alike; the second is the first, the last has none."""
    places = [0, *range(count - 2)]
    rows: list[list[float | None]] = [[1 - abs(a - b) / 20 for b in places] for a in places]
    return [[*row, None] for row in rows] + [[None] * count]


@pytest.mark.parametrize("width", [80, 200])
def test_few_methods_are_a_matrix(width: int) -> None:
    names = ["grpo", "rlsd", "opsd", LONG]
    assert printed(names, related(4), width) == [
        "who with whom",
        "                                 1     2     3  4",
        "─────────────────────────────────────────────────",
        "1 grpo                        1.00  1.00  0.95  -",
        "2 rlsd                        1.00  1.00  0.95  -",
        "3 opsd                        0.95  0.95  1.00  -",
        "4 prefix_tree, branches only     -     -     -  -",
        "",
    ]


def many() -> tuple[list[str], list[list[float | None]]]:
    """31 methods with long names, the first of them two that agree fully."""
    numbered = (f"method of number {number:09d}" for number in range(2, 31))
    return [LONG, "the same", *numbered], related(31)


def test_many_methods_are_a_line_each() -> None:
    lines = printed(*many(), 200)
    assert lines[1].split() == ["method", "nearest", "value", "furthest", "value"]
    # 31 less the one that is the first, and the one that has no value.
    rows = lines[3 : lines.index("Methods with the value 1 share a row: " + LONG + " = the same.")]
    assert len(rows) == 29
    (first,) = (row.split("  ") for row in rows if row.startswith(LONG))
    # One place apart, and 28.
    assert first == [
        *(LONG, "method of number 000000002", "0.950", "method of number 000000029", "−0.400")
    ]
    assert lines[-3:-1] == [
        "No value, because it is constant: method of number 000000030.",
        "Similar methods are next to each other. --pairs FILE.parquet writes the whole matrix.",
    ]


def test_many_methods_fit_into_eighty_columns() -> None:
    lines = printed(*many(), 80)
    assert max(map(len, lines)) <= 80
    heads = [line.split() for line in lines if line.startswith("method  ")]
    assert heads == [["method", "nearest", "value"], ["method", "furthest", "value"]]
    found = [line.split("  ") for line in lines if line.startswith(f"{LONG}  ")]
    assert found == [
        [LONG, "method of number 000000002", "0.950"],
        [LONG, "method of number 000000029", "−0.400"],
    ]
