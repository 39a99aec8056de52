"""What a command says that fails."""

from typing import Any


def refused_of(answer: Any) -> str:
    """The one message of a command that failed."""
    assert answer.exit_code != 0
    assert "Traceback" not in answer.output + answer.error
    return " ".join(answer.error.split())
