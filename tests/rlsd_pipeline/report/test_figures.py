import io
import itertools
import re
import subprocess
import sys
from collections.abc import Callable
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from rlsd_pipeline.report import figures
from rlsd_pipeline.report.canvas import apart
from rlsd_pipeline.report.data import Report
from rlsd_pipeline.report.heat_map import heat_map
from rlsd_pipeline.report.styles import method_styles
from rlsd_pipeline.report.vector import OUTPUT, UNSIGNED, png, svg


def drawn(report: Report) -> dict[str, Figure]:
    assert report.table is not None
    assert report.comparison is not None
    comparison = report.comparison
    found = {line.method: line.difference for line in report.table.lines if line.difference}
    return {
        "curves": figures.learning_curves(report.charts[0]),
        "forest": figures.forest(found, "grpo"),
        "heat map": heat_map(comparison.rank_correlation, comparison.methods),
        "strips": figures.credit_strips(comparison.credit.methods),
        "shares": figures.segment_shares(comparison.credit.methods),
    }


def test_every_figure_becomes_well_formed_svg_and_png(sample: Callable[..., Report]) -> None:
    for name, figure in drawn(sample()).items():
        text = svg(figure, label=name)
        root = ElementTree.fromstring(text)
        assert root.get("viewBox"), name
        assert (root.get("width"), root.get("height")) == ("100%", None)
        assert root.get("aria-label") == name
        assert len(text) < 60_000, name
        assert png(figure).startswith(b"\x89PNG"), name


def test_the_same_data_gives_the_same_svg(sample: Callable[..., Report]) -> None:
    first, second = drawn(sample()), drawn(sample())
    for name in first:
        assert svg(first[name]) == svg(second[name]), name
        assert png(first[name]) == png(second[name]), name


def test_a_png_is_what_matplotlib_saves(sample: Callable[..., Report]) -> None:
    first, second = drawn(sample()), drawn(sample())
    for name, figure in first.items():
        saved = io.BytesIO()
        with matplotlib.rc_context(OUTPUT):
            figure.savefig(saved, dpi=80, facecolor="white", metadata=UNSIGNED)
        assert png(second[name], dpi=80) == saved.getvalue(), name


def test_ids_are_unique_over_svgs_and_every_reference_resolves(
    sample: Callable[..., Report],
) -> None:
    chart = sample().charts[0]
    page = "".join(svg(figure) for figure in drawn(sample()).values())
    page += svg(figures.learning_curves(chart), name="again")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert ids
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', page)) == set(ids)


def test_text_is_text_in_the_colour_and_font_of_the_page(sample: Callable[..., Report]) -> None:
    text = svg(figures.learning_curves(sample().charts[0]))
    assert ">blind</text>" in text
    assert ">grpo+opsd</text>" in text
    assert "#1b1b1d" not in text
    assert "DejaVu" not in text
    assert "<style" not in text
    assert "<metadata" not in text


def test_names_are_neither_markup_nor_formulas() -> None:
    names = ('<b>&"x" id="y"', "$a_b$ $\\frac{", "a%s{}")
    text = svg(heat_map(np.eye(3).tolist(), names), label='"<&')
    root = ElementTree.fromstring(text)
    shown = {"".join(element.itertext()).strip() for element in root.iter() if element.text}
    assert set(names) <= shown
    assert root.get("aria-label") == '"<&'


def test_twelve_methods_differ_without_colour() -> None:
    styles = list(method_styles(f"m{index}" for index in range(12)).values())
    assert len({style.marker for style in styles}) == 12
    assert len({(style.colour, style.dashes) for style in styles}) == 12


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


def test_a_wide_range_of_scales_is_said_to_be_logarithmic(sample: Callable[..., Report]) -> None:
    comparison = sample().comparison
    assert comparison is not None
    one = comparison.credit.methods[0]
    small = {name: value / 1000 for name, value in one.quantiles.items()}
    other = one.model_copy(update={"method": "small", "quantiles": small})
    assert "logarithmic" in svg(figures.credit_strips([one, other]))
    assert "logarithmic" not in svg(figures.credit_strips([one]))


@pytest.mark.parametrize(
    ("places", "moved"),
    [
        ([0.1, 0.5, 0.9], [0.1, 0.5, 0.9]),
        ([0.5, 0.5], [0.45, 0.55]),
        ([0.0, 0.0], [0.0, 0.1]),
        ([1.0, 1.0], [0.9, 1.0]),
        ([], []),
    ],
)
def test_labels_move_apart_and_no_further(places: list[float], moved: list[float]) -> None:
    assert apart(places, 0.1) == pytest.approx(moved)


def test_many_labels_keep_their_order_and_distance() -> None:
    places = sorted(np.random.default_rng(0).uniform(0.4, 0.6, 10))
    moved = apart(places, 0.08)
    assert all(b - a >= 0.08 - 1e-9 for a, b in itertools.pairwise(moved))
    assert moved[0] >= 0
    assert moved[-1] <= 1


def test_settings_of_matplotlib_are_neither_used_nor_changed(
    sample: Callable[..., Report],
) -> None:
    chart = sample().charts[0]
    expected = svg(figures.learning_curves(chart))
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "text.color": "red"}):
        before = dict(matplotlib.rcParams)
        assert svg(figures.learning_curves(chart)) == expected
        assert dict(matplotlib.rcParams) == before


def test_no_window_library_is_loaded() -> None:
    code = "import sys, rlsd_pipeline.report.html; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
