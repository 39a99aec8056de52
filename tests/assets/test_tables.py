"""One declared table, in every place that shows it."""

import io
import math
from operator import attrgetter

import pytest
from rich.console import Console

from assets.cli.fitted import FittedTable
from assets.stages.cells import shown
from rlsd_pipeline.report.elements import cells
from rlsd_pipeline.tables.credit import METHOD
from rlsd_pipeline.tables.documents import latex, markdown
from rlsd_pipeline.tables.table import Column, Table
from schemas import Interval, MethodLookahead


@pytest.fixture
def table() -> Table:
    score = Interval(value=0.5, low=-0.25, high=0.75)
    rows = [
        MethodLookahead(method="[red]grpo", score=score, gain=None, difference=None),
        MethodLookahead(
            method="<b>",
            score=score.model_copy(update={"low": -math.inf}),
            gain=None,
            difference=None,
        ),
    ]
    columns = [METHOD, Column("accuracy", attrgetter("score")), Column("gain", attrgetter("gain"))]
    return Table("t", columns, rows, ["so"])


def test_on_a_terminal(table: Table) -> None:
    output = Console(file=io.StringIO(), width=80)
    output.print(FittedTable(table))
    assert isinstance(output.file, io.StringIO)
    lines = [line.split() for line in output.file.getvalue().splitlines()]
    assert lines[3:6] == [
        ["[red]grpo", "0.500", "[−0.250,", "0.750]", "-"],
        ["<b>", "0.500", "[–]", "-"],
        ["so"],
    ]


def test_in_documents(table: Table) -> None:
    assert "| [red]grpo | 0.500 [−0.250, 0.750] |  |" in markdown([table])
    assert r"{[red]grpo} & {0.500 [$-$0.250, 0.750]} & {} \\" in latex([table])


def test_in_dagster(table: Table) -> None:
    (part,) = shown(table).values()
    assert [record.data for record in part.records] == [
        {"method": "[red]grpo", "accuracy": "0.500 [−0.250, 0.750]", "gain": "-"},
        {"method": "<b>", "accuracy": "0.500 [–]", "gain": "-"},
    ]


def test_on_the_page(table: Table) -> None:
    assert cells(table).rows == [
        ["[red]grpo", "0.500 <small>[−0.250, 0.750]</small>", "–"],
        # What has no bound is absent there.
        ["&lt;b&gt;", "–", "–"],
    ]
    assert cells(table).numbers == [False, True, True]
