"""Tables on a terminal of 80 columns: nothing is cut off."""

import io

from rich.console import Console

from assets.cli.fitted import FittedTable
from rlsd_pipeline.tables.table import Cell, table_of_cells


def printed(table: FittedTable, width: int) -> list[str]:
    output = Console(file=io.StringIO(), width=width)
    output.print(table)
    assert isinstance(output.file, io.StringIO)
    return [line.rstrip() for line in output.file.getvalue().splitlines()]


def test_columns_that_do_not_fit_stand_below_with_the_names_of_the_rows() -> None:
    rows: list[list[Cell]] = [
        ["grpo", "0.739 [0.685, 0.793]", None, "0.03"],
        ["rlsd", "0.755 [0.700, 0.809]", "+0.016 [+0.001, +0.030]", "0.03"],
    ]
    heads = ["method", "score", "against", "detectable"]
    table = FittedTable(table_of_cells("t", heads, rows, ["so"]))
    # 6 + 20 + 23 with two blanks between each.
    assert printed(table, 53) == [
        "t",
        "method                 score                  against",
        "─────────────────────────────────────────────────────",
        "grpo    0.739 [0.685, 0.793]                        -",
        "rlsd    0.755 [0.700, 0.809]  +0.016 [+0.001, +0.030]",
        "",
        "method  detectable",
        "──────────────────",
        "grpo          0.03",
        "rlsd          0.03",
        "so",
        "",
    ]
    assert printed(table, 65)[1].split() == ["method", "score", "against", "detectable"]


def test_a_row_that_is_too_long_is_a_paragraph() -> None:
    rows = [["damaged", "move the file away and call again"]]
    table = FittedTable(table_of_cells("t", ["what", "way out"], rows))
    assert printed(table, 30) == [
        "t",
        "what     damaged",
        "way out  move the file away",
        "         and call again",
        "",
        "",
    ]
