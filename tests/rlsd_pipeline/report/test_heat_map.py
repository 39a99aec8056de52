"""The heat maps of methods, and of λ and ε_w."""

import numpy as np
import pytest
from matplotlib.collections import QuadMesh

from rlsd_pipeline.report.chart_tables import grid_tables
from rlsd_pipeline.report.charts import Grid, GridMap
from rlsd_pipeline.report.data import Report
from rlsd_pipeline.report.heat_map import grid_map, heat_map
from rlsd_pipeline.report.html import render
from rlsd_pipeline.report.vector import svg
from schemas import Interval


def cell(value: float) -> Interval:
    return Interval(value=value, low=value - 0.1, high=value + 0.1)


GAIN = GridMap(
    name="accuracy minus grpo",
    baseline=0,
    better="higher",
    cells=((cell(0.01), cell(0.02)), (cell(-0.04), None)),
)
LEAK = GridMap(
    name="mentions",
    baseline=0.1,
    better="lower",
    cells=((cell(0.1), cell(0.2)), (cell(0.5), cell(0.0))),
)
GRID = Grid(name="sampled", mixes=(0.5, 1), clips=(0.2, 0.5), maps=(GAIN, LEAK))


def colours(one: GridMap) -> list[list[float | None]]:
    (axes,) = grid_map(GRID, one).axes
    (mesh,) = (found for found in axes.collections if isinstance(found, QuadMesh))
    shown = np.ma.asarray(mesh.get_array()).reshape(2, 2)
    return [[None if value is np.ma.masked else float(value) for value in row] for row in shown]


def test_what_is_better_is_blue() -> None:
    # Differences to grpo as shares of the largest, .04 and .4, at .62 of the full colour.
    assert colours(GAIN) == [[pytest.approx(0.155), pytest.approx(0.31)], [-0.62, None]]
    assert colours(LEAK) == [
        [pytest.approx(0), pytest.approx(-0.155)],
        [-0.62, pytest.approx(0.155)],
    ]


def test_every_cell_has_its_number() -> None:
    (axes,) = grid_map(GRID, GAIN).axes
    found = {text.get_position(): text.get_text() for text in axes.texts}
    assert found == {(0, 0): "+0.010", (1, 0): "+0.020", (0, 1): "−0.040", (1, 1): "–"}
    (axes,) = grid_map(GRID, LEAK).axes
    assert [text.get_text() for text in axes.texts] == ["0.100", "0.200", "0.500", "0.000"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0.2", "0.5"]


def test_equal_cells_have_no_colour() -> None:
    flat = GAIN.model_copy(update={"cells": ((cell(0), cell(0)), (cell(0), cell(0)))})
    assert colours(flat) == [[0, 0], [0, 0]]


def test_a_map_as_a_table() -> None:
    gain, leak = grid_tables(GRID)
    assert (gain.title, leak.title) == ("accuracy minus grpo", "mentions")
    assert gain.heads == ["ε_w", "λ = 0.5", "λ = 1"]
    assert gain.significant() == [
        ["0.2", "+0.010 [−0.090, +0.110]", "+0.020 [−0.080, +0.120]"],
        ["0.5", "−0.040 [−0.140, +0.060]", "–"],
    ]


def test_the_section_has_a_card_a_map() -> None:
    page = render(Report(title="t", experiment="e", created="c", grids=(GRID,)))
    assert page.count("<figure") == 2
    assert page.count("λ = 0.5") == 2


def test_a_map_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="beside 3 values of λ"):
        Grid(name="sampled", mixes=(0.5, 0.7, 1), clips=(0.2, 0.5), maps=(GAIN,))


def test_undefined_cells_are_a_dash() -> None:
    text = svg(heat_map([[1.0, float("nan")], [-0.25, 1.0]], ["a", "b"]))
    assert text.count(">1.00<") == 2
    assert ">–<" in text
    assert ">−0.25<" in text


def test_many_methods_are_drawn_in_hundredths_like_beside_like() -> None:
    """Two families of seven, declared in turns."""
    names = [f"m{index}" for index in range(14)]
    values = [[1.0 if a == b else 0.75 * ((a - b) % 2 == 0) for a in range(14)] for b in range(14)]
    values[0][1] = values[1][0] = -0.004
    figure = heat_map(values, names)
    text = svg(figure)
    assert text.count(">100<") == 14
    assert text.count(">75<") == 2 * 7 * 6
    # What rounds to 0 has no sign.
    assert text.count(">0<") == 2 * 7 * 7
    shown = [int(label.get_text()[1:]) % 2 for label in figure.axes[0].get_yticklabels()]
    assert sorted([shown[:7], shown[7:]]) == [[0] * 7, [1] * 7]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == [
        label.get_text() for label in figure.axes[0].get_yticklabels()
    ]
