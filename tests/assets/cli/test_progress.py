"""What a training shows where there is no terminal."""

import io

import pytest
from rich.console import Console

from assets.cli.progress import Display, say


def test_a_stage_has_no_numbers_of_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assets.cli.progress._PLAIN_SECONDS", -1.0)
    text = io.StringIO()
    display = Display(Console(file=text, width=100))
    display.start("rewards", 4, "rollouts")
    display.metric("reward", 0.25)
    display.advance(4)
    display.start("token_values", 64, "states")
    display.metric("tokens/s", 1000)
    display.advance(32)
    first, second = text.getvalue().splitlines()
    assert first.endswith("reward 0.250")
    assert second.startswith("token_values: 32 states (")
    assert second.endswith(")  1,000 tokens/s")


def test_a_line_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """A path may have brackets and colons, which rich would read as its own."""
    say("/data/[red]/:bell:.yaml " + 240 * "x")
    assert capsys.readouterr().out == "/data/[red]/:bell:.yaml " + 240 * "x" + "\n"
