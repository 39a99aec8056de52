"""The whole report of a small experiment, from its store to the page."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.models.pool import PolicyPool
from rlsd_pipeline.report.collected.collect import collect_report
from rlsd_pipeline.report.data import Report
from rlsd_pipeline.report.html import TITLES, render
from rlsd_pipeline.stages.evaluation.results import read_results
from rlsd_pipeline.stages.workspace import Workspace

Open = Callable[[Path], Workspace]


@pytest.fixture(scope="module")
def report(finished: Path, open_store: Open) -> Report:
    """Read without any model."""

    def refuse(*_: object) -> None:
        raise AssertionError("a report computes nothing")

    workspace = open_store(finished)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(PolicyPool, "get", refuse)
        monkeypatch.setattr(PolicyPool, "take", refuse)
        return collect_report(workspace, workspace.at("rlsd-s0", 0), "rlsd report small")


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render(report)


def sections(page: str) -> list[str]:
    return re.findall(r'<section[^>]* id="(\w+)"', page)


def test_every_section_has_what_the_store_has(report: Report, workspace: Workspace) -> None:
    assert (report.experiment, report.command) == ("small", "rlsd report small")
    assert report.notes == ("Two methods, two updates.",)
    assert report.table is not None
    lines = [(line.benchmark, line.method, line.score) for line in report.table.lines]
    results = read_results(workspace)
    assert lines == [(r.benchmark, r.method, r.score) for r in results]
    assert [name for _, name, _ in lines] == ["base", "grpo", "rlsd"] * 2
    # Mentions are counted where responses are sampled.
    assert [chart.name for chart in report.charts] == [
        "accuracy: sampled",
        "mentions of a reference: sampled",
        "accuracy: greedy",
    ]
    for chart in report.charts:
        assert [curve.method for curve in chart.curves] == ["grpo", "rlsd"]
        assert list(chart.curves[0].band) == [0, 1, 2]
    assert report.comparison is not None
    assert report.comparison.lookahead
    assert report.comparison.gradients is not None
    assert report.rollouts
    titles = [table.title for table in report.diagnostics]
    assert [title for title in titles if title.startswith("Property: ")] == [
        "Property: objective stability",
        "Property: sustained improvement",
        "Property: leakage-free training",
    ]
    assert titles[3:] == [
        "Entropy, length and distance to the teacher",
        "Early answers",
        "Effect of the reference on the teacher",
    ]
    assert report.settings["sampling"] == (
        "4 problems x 4 responses of at most 12 tokens, temperature 1"
    )
    assert len(report.settings["arms"]) == 2
    assert "teacher frozen, privileged answer" in report.settings["arms"][1]
    assert not [value for value in report.settings.values() if "{" in str(value)]


def test_the_page_shows_every_section(report: Report, page: str) -> None:
    # Learning is held against fidelity where token values were made.
    # A grid needs arms of several λ and ε_w.
    assert sections(page) == [key for key in TITLES if key not in ("learning", "grid")]
    assert "0.000" in page
    tokens = re.search(r'id="token-data">(.*?)</script>', page, re.DOTALL)
    assert tokens is not None
    assert len(json.loads(tokens[1])["rollouts"]) == len(report.rollouts)


def test_a_report_reads_back_as_it_was_written(report: Report, page: str) -> None:
    assert render(Report.model_validate_json(report.model_dump_json())) == page


def test_without_a_place_there_are_no_tokens_to_show(workspace: Workspace) -> None:
    report = collect_report(workspace, None, "")
    assert (report.rollouts, report.comparison) == ((), None)
    assert report.table is not None
    shown = sections(render(report))
    assert set(TITLES) - set(shown) == {"credit", "tokens", "comparison", "learning", "grid"}


def test_what_was_not_compared_is_left_out(workspace: Workspace) -> None:
    report = collect_report(workspace, workspace.at("grpo-s0", 1), "")
    assert (report.rollouts, report.comparison) == ((), None)


def test_an_experiment_that_has_not_begun_has_a_page_too(tmp_path: Path, open_store: Open) -> None:
    report = collect_report(open_store(tmp_path / "store"), None, "")
    assert (report.table, report.charts, report.diagnostics) == (None, (), ())
    assert "settings" in sections(render(report))
