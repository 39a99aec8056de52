"""A code server goes once another one has taken its place."""

import threading
from pathlib import Path

import pytest

from assets.cli.code_server import _wait_for_another


def test_it_waits_until_the_link_leads_to_another(tmp_path: Path) -> None:
    link, own, other = (tmp_path / name for name in ("link", "link.1", "link.2"))
    link.symlink_to(own)

    def begin() -> None:
        new = tmp_path / "link.2.link"
        new.symlink_to(other)
        new.replace(link)

    timer = threading.Timer(0.2, begin)
    timer.start()
    _wait_for_another(link, own)
    timer.join()
    assert link.resolve() == other


def test_one_that_does_not_come_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.cli.code_server._BEGIN_SECONDS", 0.0)
    link, own = tmp_path / "link", tmp_path / "link.1"
    link.symlink_to(own)
    with pytest.raises(TimeoutError, match="no other code server has begun"):
        _wait_for_another(link, own)
