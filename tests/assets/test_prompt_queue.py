"""The daemon looks at the queue when a run has come in, and otherwise by the clock."""

from collections.abc import Iterator
from itertools import islice
from types import SimpleNamespace

import dagster as dg
import pytest

from assets import prompt_queue
from assets.dagster_private import QueuedRunCoordinatorDaemon
from assets.prompt_queue import PromptQueueDaemon
from assets.queue_sign import sign_of, tell, told_at
from assets.run_queue import RunQueue


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as opened:
        yield opened


def test_it_looks_when_told_and_when_its_time_has_come(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = SimpleNamespace(seconds=50.0, told_at=None)

    def sleep(seconds: float) -> None:
        now.seconds += seconds
        if now.told_at is not None and now.seconds >= now.told_at:
            now.told_at = None
            tell(instance)

    monkeypatch.setattr(prompt_queue.time, "monotonic", lambda: now.seconds)
    monkeypatch.setattr(prompt_queue.time, "sleep", sleep)
    monkeypatch.setattr(QueuedRunCoordinatorDaemon, "run_iteration", lambda *_: iter(["looked"]))
    daemon = PromptQueueDaemon(10.0)
    context = SimpleNamespace(instance=instance)

    def waited() -> float:
        began = now.seconds
        *glances, last = daemon.run_iteration(context)
        # Twice a second Dagster looks whether it is to end.
        assert glances == [None] * int((now.seconds - began) / 0.5 + 0.01)
        assert last == "looked"
        return now.seconds - began

    assert waited() == 0
    assert waited() == pytest.approx(10.0, abs=0.06)
    now.told_at = now.seconds + 3.0
    assert waited() == pytest.approx(3.0, abs=0.06)
    assert waited() == pytest.approx(10.0, abs=0.06)
    # Told while it looked, or before it began to wait.
    tell(instance)
    assert waited() == 0


def test_dagster_does_not_wait_between_its_turns(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own wait is half a second at least, in which nobody would glance."""
    monkeypatch.setattr(QueuedRunCoordinatorDaemon, "run_iteration", lambda *_: iter(["looked"]))
    ends = SimpleNamespace(wait=lambda seconds: pytest.fail("waited"))
    loop = PromptQueueDaemon(0.1).core_loop(SimpleNamespace(instance=instance), ends)
    assert [each for each in islice(loop, 12) if each == "looked"]


def test_a_run_that_is_submitted_tells(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = dg.DagsterRun(job_name="easy_vqa_evaluate")
    monkeypatch.setattr(dg.QueuedRunCoordinator, "submit_run", lambda _, context: run)
    queue = RunQueue()
    queue.register_instance(instance)
    assert told_at(sign_of(instance)) == 0
    assert queue.submit_run(dg.SubmitRunContext(run, None)) is run  # type: ignore[arg-type]
    assert told_at(sign_of(instance)) > 0
