"""The daemon looks at the queue when a run has come in, and otherwise by the clock."""

from collections.abc import Iterator
from types import SimpleNamespace

import dagster as dg
import pytest

from assets import prompt_queue
from assets.dagster_private import QueuedRunCoordinatorDaemon
from assets.prompt_queue import PromptQueueDaemon
from assets.queue_sign import tell, told_at
from assets.run_queue import RunQueue


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as opened:
        yield opened


def test_it_looks_when_told_and_when_its_time_has_come(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = SimpleNamespace(seconds=50.0)
    monkeypatch.setattr(prompt_queue.time, "monotonic", lambda: now.seconds)
    monkeypatch.setattr(QueuedRunCoordinatorDaemon, "run_iteration", lambda *_: iter(["looked"]))
    daemon = PromptQueueDaemon(10.0)
    context = SimpleNamespace(instance=instance)

    def looks() -> bool:
        return list(daemon.run_iteration(context)) == ["looked"]

    assert looks()
    assert not looks()
    tell(instance)
    assert looks()
    assert not looks()
    now.seconds += 9.9
    assert not looks()
    now.seconds += 0.2
    assert looks()
    assert not looks()


def test_a_run_that_is_submitted_tells(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = dg.DagsterRun(job_name="easy_vqa_evaluate")
    monkeypatch.setattr(dg.QueuedRunCoordinator, "submit_run", lambda _, context: run)
    queue = RunQueue()
    queue.register_instance(instance)
    assert told_at(instance) == 0
    assert queue.submit_run(dg.SubmitRunContext(run, None)) is run  # type: ignore[arg-type]
    assert told_at(instance) > 0
