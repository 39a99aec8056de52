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
from rlsd_pipeline.report.curve_figures import learning_curves
from rlsd_pipeline.report.data import Report
from rlsd_pipeline.report.heat_map import heat_map
from rlsd_pipeline.report.styles import method_styles
from rlsd_pipeline.report.vector import OUTPUT, UNSIGNED, png, svg


def drawn(report: Report) -> dict[str, Figure]:
    assert report.table is not None
    assert report.comparison is not None
    comparison = report.comparison
    found = {line.method: line.difference for line in report.table.lines if line.difference}
    styles = method_styles(report.methods())
    return {
        "curves": learning_curves(report.charts[0], styles),
        "forest": figures.forest(found, "grpo", styles),
        "heat map": heat_map(comparison.rank_correlation, comparison.methods),
        "strips": figures.credit_strips(comparison.credit.methods, styles),
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
    page = "".join(svg(figure) for figure in drawn(sample()).values())
    page += svg(drawn(sample())["curves"], name="again")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert ids
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', page)) == set(ids)


def test_text_is_text_in_the_colour_and_font_of_the_page(sample: Callable[..., Report]) -> None:
    text = svg(drawn(sample())["curves"])
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


def test_a_wide_range_of_scales_is_said_to_be_logarithmic(sample: Callable[..., Report]) -> None:
    comparison = sample().comparison
    assert comparison is not None
    one = comparison.credit.methods[0]
    small = {name: value / 1000 for name, value in one.quantiles.items()}
    other = one.model_copy(update={"method": "small", "quantiles": small})
    styles = method_styles([one.method, "small"])
    assert "logarithmic" in svg(figures.credit_strips([one, other], styles))
    assert "logarithmic" not in svg(figures.credit_strips([one], styles))


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
    expected = svg(drawn(sample())["curves"])
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "text.color": "red"}):
        before = dict(matplotlib.rcParams)
        assert svg(drawn(sample())["curves"]) == expected
        assert dict(matplotlib.rcParams) == before


def test_no_window_library_is_loaded() -> None:
    code = "import sys, rlsd_pipeline.report.html; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
