"""`rlsd ui`: what it refuses."""

import socket
from collections.abc import Callable, Iterator

import pytest

from assets.cli.ui import HOST


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_refused_and_another_is_named(
    taken: int, run: Callable[..., object]
) -> None:
    answer = run("ui", "--port", taken)
    assert answer.exit_code == 1
    assert f"port {taken} is taken" in answer.error
    assert f"rlsd ui --port {taken + 1}" in answer.error
