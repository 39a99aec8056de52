"""The seeds that a difference takes, as a table of the command line."""

import math
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from assets.cli.fitted import FittedTable
from assets.cli.power import Asked, power_table
from rlsd_pipeline.stages.evaluation.pilots import Pilot
from rlsd_pipeline.statistics.intervals import within
from rlsd_pipeline.statistics.seed_spread import Spread


@pytest.fixture
def rows() -> list[list[str]]:
    spreads = {
        "rlsd": Spread(8, 200, 0.06, 0.1, 0.2, within(0.5, (0.2, 1.0)), 0.01),
        "sft": Spread(8, 200, 0.01, 0.02, 0.04, within(0.0, (0.0, 0.1)), 0.01),
    }
    asked = Asked(0.05, 0.8, 0.05)
    table = power_table(Pilot("accuracy: greedy", spreads), asked, "grpo", [])
    text = StringIO()
    Console(file=text, width=240).print(FittedTable(table))
    return [line.split() for line in text.getvalue().splitlines()]


def test_a_line_says_what_a_method_takes(rows: list[list[str]]) -> None:
    (rlsd,) = (row for row in rows if row[:1] == ["rlsd"])
    # statsmodels: n = 33.4 at d = .5, 127.5 at d = .25, 40.6 at d = .5 and level .025;
    # eight pairs detect 1.156 deviations.
    assert rlsd[1:8] == ["+0.060", "0.100", "8", "0.116", "34", "128", "41"]
    # With twice the questions .75 of the variance is left, with four times .625: d = .577, .632.
    assert rlsd[8:] == ["0.50", "[0.20,", "1.00]", "26", "22", "-"]


def test_no_number_of_questions_helps_where_seeds_differ(rows: list[list[str]]) -> None:
    (sft,) = (row for row in rows if row[:1] == ["sft"])
    assert sft[5] == sft[-2] == "4"
    assert sft[-1] == "-"


@pytest.mark.parametrize(
    ("error", "said"), [(0.01, "a standard error of: rlsd 0.010."), (math.nan, "ask again.")]
)
def test_one_seed_shows_no_spread(error: float, said: str) -> None:
    one = Spread(1, 0, 0.06, math.nan, math.nan, None, error)
    table = power_table(Pilot("reward", {"rlsd": one}), Asked(0.05, 0.8, 0.05), "grpo", [])
    (note,) = table.notes
    assert note.startswith("One seed does not show")
    assert note.endswith(said)


def test_one_seed_does_not_tell_how_many_it_takes(
    run: Callable[..., Any], row_of: Callable[..., list[str]], file: Path
) -> None:
    answer = run("power", file, "--difference", 0.05)
    assert answer.exit_code == 0, answer.error
    assert "accuracy: greedy (5 questions): what shows a difference of 0.05" in answer.output
    # The areas under the curves, below, have a line of it as well.
    accuracy = answer.output.partition(", area:")[0]
    assert row_of(accuracy, "rlsd")[2:6] == ["-", "1", "-", "-"]
    assert "One seed does not show how trainings differ" in answer.output


def test_a_difference_that_cannot_be_planned_for(
    refused: Callable[..., str], declare: Callable[..., Path]
) -> None:
    file = declare()
    assert "0.0 is not in the range x>0" in refused("power", file, "--difference", 0)
    said = refused("power", file, "--difference", 2)
    assert said == "Error: --difference 2: accuracy is a share, and two points of it are 0.02"
    said = refused("power", file, "--difference", 0.1, "--benchmark", "mmmu")
    assert said == "Error: small has no benchmark 'mmmu'; it has greedy"
    said = refused("power", file, "--difference", 0.1)
    assert said.endswith("another method: `rlsd train small` trains and evaluates them")
