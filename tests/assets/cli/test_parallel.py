"""Arms at the same time: what is made before any of them, and what is shown meanwhile."""

import io
import multiprocessing
import queue
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
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


def test_the_first_failure_ends_what_has_not_begun(shown: tuple[Any, ...]) -> None:
    _, way, display, _ = shown
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise ConfigError("no such arm")
        time.sleep(0.2)

    with ThreadPoolExecutor(1) as pool:
        futures = {pool.submit(work, number) for number in range(20)}
        with pytest.raises(ConfigError, match="no such arm"):
            _follow(futures, way, display)  # type: ignore[arg-type]
    assert len(begun) < 5


def _speak(number: int, folder: Path) -> None:
    """The first one fails; the others say more than a pipe holds."""
    (folder / str(number)).touch()
    if number == 0:
        raise ConfigError("no such arm")
    assert parallel._relay is not None
    for _ in range(20):
        time.sleep(0.02)
        parallel._relay.say("x" * 20_000)


def _relay_to(way: Any) -> None:
    parallel._relay = Relay(way)


def test_after_a_failure_the_messages_of_the_others_are_still_read(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    way: Any = context.Queue()
    text = io.StringIO()
    display = Display(Console(file=text, width=100))
    with ProcessPoolExecutor(2, context, _relay_to, (way,)) as pool:
        futures = {pool.submit(_speak, number, tmp_path) for number in range(40)}
        with pytest.raises(ConfigError, match="no such arm"):
            _follow(futures, way, display)
    begun = len(list(tmp_path.iterdir()))
    assert begun < 10
    assert text.getvalue().count("x" * 100) >= 200 * (begun - 1)
