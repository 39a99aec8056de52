"""A code server answers once, and goes once another one has taken its place."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assets.cli.code_server import Answers, _wait_for_another


def test_who_asks_alike_shares_one_answer() -> None:
    answers, made = Answers(), []

    def answer(request: str, context: None) -> list[str]:
        made.append(request)
        time.sleep(0.05)
        return [request]

    with ThreadPoolExecutor(5) as pool:
        given = [pool.submit(answers.once, answer, each, None) for each in "aabab"]
        found = [each.result() for each in given]
    assert [each[0] for each in found] == list("aabab")
    assert sorted(made) == ["a", "b"]
    assert found[0] is found[3]
    assert found[2] is found[4]


def test_an_answer_that_fails_is_asked_for_again() -> None:
    def fail(request: str, context: None) -> str:
        raise ValueError(request)

    answers = Answers()
    with pytest.raises(ValueError, match="a"):
        answers.once(fail, "a", None)
    assert answers.once(lambda request, context: request, "a", None) == "a"


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
