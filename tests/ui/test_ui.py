"""The UI as a person uses it: opened, an arm trained by a click, parts killed, nothing lost.

Screenshots go to the folder that RLSD_SCREENSHOTS names.
"""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.stages.registry import ITERATION_STAGES
from tests.ui.conftest import UPDATES, Opened, until

ARM, OTHER = "grpo-s0", "rlsd-s0"
ENDED = ("SUCCESS", "FAILURE", "CANCELED")


def shoot(page: Any, name: str) -> None:
    if folder := os.environ.get("RLSD_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def pick(page: Any, partition: str) -> None:
    """Choose a partition; a list that opened before its entries had come closes again."""
    from playwright.sync_api import TimeoutError as NotThere

    entry = page.get_by_text(partition, exact=True).first
    for _ in range(10):
        page.get_by_placeholder("Partition").click()
        try:
            return entry.click(timeout=10_000)
        except NotThere:
            page.keyboard.press("Escape")
    raise AssertionError(f"the launchpad offers no {partition}")


def launch(opened: Opened, page: Any) -> str:
    """Click on "Launch Run" until there is a run, the first; a page under load can lose a click."""
    for _ in range(5):
        page.get_by_role("button", name="Launch Run").click()
        try:
            return until(opened.runs, 30)[0]["runId"]
        except AssertionError:
            continue
    raise AssertionError("no click on Launch Run began a run")


def digests(home: Path) -> dict[str, str]:
    """Content of all that the arm's iterations left."""
    store = ArtifactStore(home / "artifacts")
    names = [f"small/{ARM}/{k:03d}/{s}" for k in range(UPDATES) for s in ITERATION_STAGES]
    return {name: store.ref(name).digest for name in names}


def status(opened: Opened, run_id: str) -> str:
    return {run["runId"]: run["status"] for run in opened.runs()}[run_id]


def complete(opened: Opened, arm: str) -> set[str]:
    """The iterations of an arm that have a checkpoint."""
    asked = """{ assetOrError(assetKey: {path: ["small", "policy_checkpoint"]}) { ... on Asset {
      assetMaterializations { partition } } } }"""
    found = opened.ask(asked)["assetOrError"].get("assetMaterializations", [])
    return {each["partition"] for each in found if each["partition"].startswith(arm)}


def test_opening_starts_nothing(opened: Opened, page: Any) -> None:
    page.goto(f"{opened.url}/runs")
    page.get_by_role("link", name="Runs").first.wait_for()
    shoot(page, "opened")
    page.goto(f"{opened.url}/locations/assets.definitions/asset-groups/small/lineage")
    # The graph is drawn without text that could be asked for until it is zoomed into.
    page.wait_for_load_state("networkidle")
    shoot(page, "lineage")
    assert opened.runs() == []


def test_an_arm_is_trained_by_a_click(opened: Opened, page: Any) -> None:
    """Cancelled after its first update, it stays there; started again, it goes on."""
    job = f"{opened.url}/locations/assets.definitions/jobs/small_train/playground"
    page.goto(job)
    pick(page, OTHER)
    shoot(page, "launchpad")
    run_id = launch(opened, page)
    until(lambda: complete(opened, OTHER))
    stop = "mutation ($id: String!) { terminateRun(runId: $id) { __typename } }"
    assert opened.ask(stop, id=run_id)["terminateRun"]["__typename"] == "TerminateRunSuccess"
    until(lambda: status(opened, run_id) in ENDED)
    assert status(opened, run_id) == "CANCELED"
    page.goto(f"{opened.url}/runs/{run_id}")
    page.get_by_text("Canceled").first.wait_for()
    shoot(page, "cancelled")
    left = complete(opened, OTHER)
    assert len(opened.runs()) == 1

    again = opened.launch(
        "small_train", OTHER, ops={"small_iterations": {"config": {"updates": len(left) + 1}}}
    )
    until(lambda: status(opened, again) in ENDED)
    assert status(opened, again) == "SUCCESS"
    assert len(complete(opened, OTHER)) == len(left) + 1


def test_nothing_is_lost_when_parts_are_killed(opened: Opened, undisturbed: Path) -> None:
    before = len(opened.runs())
    opened.launch("small_train", ARM)
    until(lambda: complete(opened, ARM))
    # One of them executes the run: the UI finds it dead, and another goes on. A worker of an
    # earlier run may be there still.
    for worker in opened.part("workers").children():
        worker.kill()
    for name in ("page", "daemon", "code server", "workers"):
        done = len(complete(opened, ARM))
        assert done < UPDATES, f"trained to its end before the {name} was killed: raise UPDATES"
        until(lambda done=done: len(complete(opened, ARM)) > done)
        part = opened.part(name)
        part.kill()
        until(lambda part=part, name=name: opened.part(name).pid != part.pid)
        until(lambda: opened.ask("{ version }"))
    until(lambda: len(complete(opened, ARM)) == UPDATES)
    until(lambda: all(run["status"] in ENDED for run in opened.runs()))
    mine = opened.runs()[: len(opened.runs()) - before]
    assert mine[0]["status"] == "SUCCESS"
    assert digests(opened.home) == digests(undisturbed)


def test_a_reload_shows_what_was_declared_meanwhile(opened: Opened, checkout: Path) -> None:
    """At once, and when two ask."""
    small = checkout / "assets" / "experiments" / "small"
    until(lambda: "small" in opened.groups())
    shutil.copytree(small, small.with_name("another"))
    with ThreadPoolExecutor() as two:
        list(two.map(lambda _: opened.reload(), range(2)))
    assert "another" in opened.groups()
    shutil.rmtree(small.with_name("another"))
    opened.reload()
    assert "another" not in opened.groups()


def test_an_idle_ui_prints_nothing(opened: Opened, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    until(lambda: all(run["status"] in ENDED for run in opened.runs()))
    psutil.Process(opened.process.pid).cpu_percent(20.0)
    assert capfd.readouterr() == ("", "")
