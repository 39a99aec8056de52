"""The table of methods on the page, and what the paper reports beside it."""

import re

import pytest

from rlsd_pipeline.report.data import Report
from rlsd_pipeline.report.html import render
from rlsd_pipeline.report.method_table import difference_meaning, published_table
from rlsd_pipeline.tables.results import reading
from schemas import Interval, MethodResult, Results, ScoreDifference
from tests.rlsd_pipeline.report.conftest import result

SCORE = Interval(value=0.5, low=0.25, high=0.75)
AGAINST = ScoreDifference(
    value=0.0625,
    low=0.03125,
    high=0.09375,
    p_value=0.015625,
    p_corrected=0.03125,
    test="paired t over seeds",
)
GAIN = AGAINST.model_copy(update={"value": 0.125, "low": -0.25, "high": 0.5})
LINES = [
    result("own", "base", SCORE, mentions=Interval(value=0.0, low=None, high=None)),
    result("own", "strong", SCORE, weighting="rlsd", difference=AGAINST, gain=GAIN, blind=0.25),
    result("own", "mine", SCORE, weighting="rlsd_adaptive", steps={"compare": 0.75}),
]


def of(lines: list[MethodResult]) -> Results:
    return Results(compared_with="grpo", confidence=0.95, lines=lines)


def rows(page: str) -> list[list[str]]:
    """The words of each row of a table."""
    found = re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.DOTALL)
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in found)
    return [[re.sub("<[^>]+>", "", cell) for cell in row] for row in cells]


def test_a_line_has_what_its_record_has() -> None:
    page = render(Report(title="t", experiment="e", created="c", table=of(LINES)))
    table = page.partition('aria-label="scores by method"')[2].partition("</table>")[0]
    heads, group, base, strong, mine = rows(table)
    assert heads == [
        *("method", "accuracy", "against grpo", "p", "reading", "updates", "seeds", "gain"),
        *("leakage", "blind", "compare"),
    ]
    assert group == ["own"]
    score = "0.500 [0.250, 0.750]"
    assert base == ["base ★", score, *"–––", "80", "4", *"––––"]
    assert strong == [
        *("strong ★", score, "+0.062 [+0.031, +0.094]", "0.016 → 0.031", "▲\u00a0higher"),
        *("80", "4"),
        *("+0.125 [−0.250, +0.500]", "0.0\u00a0% [0.0, 1.0]", "0.250", "–"),
    ]
    assert mine[-1] == "0.750"


def test_the_papers_numbers_are_of_what_a_method_is_and_not_of_its_name() -> None:
    found = published_table(LINES[1:])
    assert found.heads == ["method", "MMMU", "MathVista", "MathVision", "ZeroBench", "WeMath"]
    assert found.texts() == [["strong", "67.22", "78.10", "52.73", "24.85", "58.00"]]
    assert published_table(LINES[2:]).rows == []


@pytest.mark.parametrize(
    ("seeds", "pairs"), [([0, 1], "arms of one seed"), ([0], "the same questions")]
)
def test_the_pairs_are_named(seeds: list[int], pairs: str) -> None:
    lines = [line.model_copy(update={"seeds": seeds}) for line in LINES]
    assert f"paired over {pairs}" in difference_meaning(of(lines))


@pytest.mark.parametrize(
    ("changes", "seeds", "said"),
    [
        ({}, 4, "higher"),
        ({"value": -0.0625}, 4, "lower"),
        ({"p_corrected": 0.05}, 4, "unresolved"),
        ({"p_corrected": None}, 4, "higher"),
        ({}, 1, "one seed"),
        ({"test": "exact McNemar"}, 4, "unresolved"),
    ],
)
def test_only_a_test_over_seeds_decides(changes: dict[str, object], seeds: int, said: str) -> None:
    found = AGAINST.model_copy(update=changes)
    line = LINES[1].model_copy(update={"difference": found, "seeds": list(range(seeds))})
    assert reading(line, 0.95) == said
    assert reading(LINES[0], 0.95) is None
