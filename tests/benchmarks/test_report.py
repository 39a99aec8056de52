"""The tables of `make bench` keep every figure, and show those that are asked for."""

import json
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.records import read
from benchmarks.targets import Target

FOUND = {
    "floor": {
        "128": {"operations": [8.3e10], "wall": [0.9, 0.8, 1.0], "rate": [2e11], "share": [0.5]}
    },
    "weighting": {"weighting": {"copy": [0.1, 0.3, 0.2], "slow": [0.5], "fast": [0.05]}},
}


def test_only_what_was_measured_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, mark = tmp_path / "performance.md", "<!-- records/performance-floor -->"
    page.write_text(f"{mark}\n{mark}\n")
    monkeypatch.setattr(report, "DOCUMENT", page)
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    report.write_tables(FOUND)
    assert sorted(path.name for path in tmp_path.glob("*.json")) == [
        "performance-floor.json",
        "performance-weighting.json",
    ]
    assert read(tmp_path / "performance-floor.json").command == 'make bench SUITES="floor"'
    assert "| 128 | 83 | 0.90 (0.80 to 1.00) | 200 | 50% |" in page.read_text()


def test_methods_are_in_the_order_of_their_time_behind_the_copy() -> None:
    rows = report.weighting(FOUND).rows
    assert [row[0] for row in rows] == ["copy", "fast", "slow"]
    assert rows[2][1:] == [0.5, pytest.approx(2.5)]


def test_a_target_keeps_its_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        Target("a", "at most 10 %", 0.0704, "{:.1%}", True),
        Target("b", "5", 4.9, "{:.1f}", False),
    ]
    monkeypatch.setattr(report, "reached", lambda _: found)
    assert json.loads(json.dumps(report.targets(FOUND).rows)) == [
        ["a", "at most 10 %", ["{:.1%}", 0.0704], "yes"],
        ["b", "5", ["{:.1f}", 4.9], "**no**"],
    ]
