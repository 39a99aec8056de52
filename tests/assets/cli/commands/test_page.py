"""`rlsd page`: a page whose text around the record is the user's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.assets.cli.refusals import refused_of

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def undrawn() -> None:
    """Pictures are drawn here."""


def test_a_page_is_written_and_text_around_it_stays(run: Run, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.md"
    answer = run("page", file, "--out", out)
    assert answer.exit_code == 0, answer.error
    text = out.read_text()
    assert text.startswith("# small\n\n<!-- record -->\n\n`rlsd page ")
    assert (tmp_path / "small" / "record.json").exists()
    out.write_text(text.replace("# small", "# By hand"))
    assert run("page", file, "--out", out).exit_code == 0
    assert out.read_text() == text.replace("# small", "# By hand")
    assert "--iteration needs --arm" in refused_of(run("page", file, "--iteration", "1"))
    out.write_text("# No marks\n")
    assert "expected <!-- record --> twice" in refused_of(run("page", file, "--out", out))
