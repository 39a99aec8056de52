"""Arms at the same time: what is made before any of them, and what is shown meanwhile."""

import io
import multiprocessing
import queue
from collections.abc import Callable
from concurrent.futures import (
    ALL_COMPLETED,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from assets.cli import parallel
from assets.cli.loop import Loop, open_instance
from assets.cli.parallel import Relay, _base, _distinct, _follow, _other_teacher, _show
from assets.cli.progress import Display
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.progress import Silent

Declare = Callable[..., Path]

_cancelled: Any = None
"""Of a worker: the event that the fixture gives."""


def test_what_several_arms_begin_with_is_made_once(declare: Declare, home: Path) -> None:
    model = {"type": "tiny_qwen3_vl", "warm_starts": 2}
    teacher = {"type": "model", "model": {"type": "tiny_qwen3_vl", "layers": 3}}
    file = declare(
        model=model,
        arms=[
            {"weighting": {"type": "grpo"}, "seeds": [0, 1, 2, 3]},
            {"weighting": {"type": "opd"}, "teacher": teacher, "seeds": [0, 1]},
        ],
    )
    with open_instance() as instance:
        loop = Loop(file, instance, Silent())
        every = loop.arms(())
        assert len(every) == 6
        assert _distinct(every, partial(_base, loop)) == ["grpo-s0", "grpo-s1"]
        assert _distinct(every, partial(_other_teacher, loop)) == ["opd-s0"]


@pytest.fixture
def shown(
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Relay, "queue.Queue[Any]", Display, io.StringIO]:
    """A worker's relay, the way to its parent, and what the parent prints; every stage is long."""
    monkeypatch.setattr(parallel, "_LONG_SECONDS", 0.0)
    monkeypatch.setattr("assets.cli.progress._PLAIN_SECONDS", -1.0)
    text = io.StringIO()
    way: queue.Queue[Any] = queue.Queue()
    display = Display(Console(file=text, width=100))
    return Relay(way), way, display, text  # type: ignore[arg-type]


def test_a_worker_speaks_through_its_parent(shown: tuple[Any, ...]) -> None:
    relay, way, display, text = shown
    relay.arm("rlsd-s0", 0, 2)
    relay.start("rollouts", 40, "tokens")
    relay.metric("reward", 0.25)
    relay.advance(30)
    relay.start("rewards", 4, "rollouts")
    relay.iteration("rlsd-s0", 2)
    relay.say("that was it")
    _show(way, display)
    assert way.empty()
    lines = [line.strip() for line in text.getvalue().splitlines()]
    assert lines[0].startswith("rollouts (")
    assert lines[0].endswith("): 30 of 40  reward 0.250")
    assert "rlsd-s0: 2 of 2 iterations  reward 0.250" in lines
    assert lines[-1] == "that was it"


def test_another_arm_begins_without_the_numbers_of_the_last(shown: tuple[Any, ...]) -> None:
    relay, way, display, text = shown
    relay.metric("reward", 0.25)
    relay.arm("grpo-s0", 1, 1)
    _show(way, display)
    assert text.getvalue().strip() == "grpo-s0: 1 of 1 iterations"


def test_a_short_stage_is_not_spoken_of(
    shown: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    relay, way, _, _ = shown
    monkeypatch.setattr(parallel, "_LONG_SECONDS", 60.0)
    relay.start("rewards", 4, "rollouts")
    relay.advance(4)
    relay.start("logprobs", None, "rollouts")
    relay.advance(4)
    assert way.empty()


@pytest.fixture
def cancelled(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An event that is set once what has not begun is cancelled.

    What has begun waits for it, so that a slow parent finds the same as a fast one.
    """
    event = multiprocessing.get_context("fork").Event()

    def waits(futures: set[Future[None]], timeout: float, return_when: str = ALL_COMPLETED) -> Any:
        if return_when == ALL_COMPLETED:
            event.set()
        return wait(futures, timeout, return_when)

    monkeypatch.setattr(parallel, "wait", waits)
    return event


def test_the_first_failure_ends_what_has_not_begun(shown: tuple[Any, ...], cancelled: Any) -> None:
    _, way, display, _ = shown
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise ConfigError("no such arm")
        assert cancelled.wait(60)

    with ThreadPoolExecutor(1) as pool:
        futures = {pool.submit(work, number) for number in range(20)}
        with pytest.raises(ConfigError, match="no such arm"):
            _follow(futures, way, display)  # type: ignore[arg-type]
    assert begun in ([0], [0, 1])


def _speak(number: int, folder: Path) -> None:
    """The first one fails; the others say more than a pipe holds."""
    (folder / str(number)).touch()
    if number == 0:
        raise ConfigError("no such arm")
    assert _cancelled.wait(60)
    assert parallel._relay is not None
    for _ in range(20):
        parallel._relay.say("x" * 20_000)


def _begin_with(way: Any, cancelled: Any) -> None:
    global _cancelled
    parallel._relay, _cancelled = Relay(way), cancelled


def test_after_a_failure_the_messages_of_the_others_are_still_read(
    tmp_path: Path, cancelled: Any
) -> None:
    context = multiprocessing.get_context("fork")
    way: Any = context.Queue()
    text = io.StringIO()
    display = Display(Console(file=text, width=100, highlight=False))
    with ProcessPoolExecutor(2, context, _begin_with, (way, cancelled)) as pool:
        futures = {pool.submit(_speak, number, tmp_path) for number in range(40)}
        with pytest.raises(ConfigError, match="no such arm"):
            _follow(futures, way, display)
    begun = len(list(tmp_path.iterdir()))
    assert 1 < begun < 10
    assert text.getvalue().count("x" * 100) >= 200 * (begun - 1)
