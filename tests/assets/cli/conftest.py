"""What tests of commands share: what a refused command says, and data of a user's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for commands that must leave no artifact; a new one takes a second."""
    return tmp_path_factory.mktemp("shared") / "home"


@pytest.fixture
def refused(run: Run, shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command that must fail with one message, which it returns, and leave nothing."""
    monkeypatch.setenv("RLSD_HOME", str(shared_home))

    def refused(*arguments: object) -> str:
        answer = run(*arguments)
        assert answer.exit_code != 0
        said = answer.output + answer.error
        assert "Traceback" not in said
        assert said.count("Error") == 1
        assert answer.error.startswith(("Error: ", "Usage: "))
        assert list(shared_home.rglob("manifest.json")) == []
        return " ".join(answer.error.split())

    return refused
