"""What our scorers make of public model outputs, beside the official scores; ends in a table.

The rows and outputs are public data that is not part of this project: RLSD_BENCHDATA names the
folder, `../shared/benchdata` beside the checkout by default.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("RLSD_BENCHDATA", ROOT.parent / "shared" / "benchdata"))

Compare = Callable[[str, str, str, object, object], None]

_LINES = pytest.StashKey[list[tuple[str, ...]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_LINES] = []


@pytest.fixture(scope="session")
def benchdata() -> Path:
    if not FOLDER.is_dir():
        pytest.skip(f"no public benchmark data in {FOLDER}: set RLSD_BENCHDATA to its folder")
    return FOLDER


@pytest.fixture
def compare(request: pytest.FixtureRequest) -> Compare:
    """Notes a line of the table, then asserts that ours is the official value."""

    def check(benchmark: str, source: str, quantity: str, ours: object, official: object) -> None:
        line = (benchmark, source, quantity, str(ours), str(official))
        request.config.stash[_LINES].append((*line, "yes" if ours == official else "NO"))
        assert ours == official, line

    return check


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = terminalreporter.config.stash.get(_LINES, [])
    if not lines:
        return
    head = ("benchmark", "source", "quantity", "ours", "official", "equal")
    widths = [max(len(row[i]) for row in [head, *lines]) for i in range(len(head))]
    terminalreporter.section("conformance")
    for row in [head, *lines]:
        terminalreporter.line("  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)))
