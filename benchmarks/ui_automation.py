"""Delay of the sensor that requests a training, and of evaluations beside one, in an open UI.

    python -m benchmarks.ui_automation [--folder FOLDER] [--record FILE]

The experiment is that of `benchmarks.ui_iteration`. Both arms are begun while the sensor is on;
while they train, the first policy is evaluated on both benchmarks by two clicks.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from benchmarks.records import add_record, keep
from benchmarks.ui_iteration import (
    ARM,
    MEASURED,
    NAME,
    RLSD,
    TOLD,
    Measured,
    answers,
    between,
    copy_checkout,
    launch,
    policy,
    post,
    taken_over,
    told,
    ui,
    wait,
)

ARMS = (ARM, "grpo-s0")
START = """
mutation ($selector: SensorSelector!) { startSensor(sensorSelector: $selector) { __typename } }
"""
ARM_TAG = "dagster/partition"
UPDATES = 6
"""Iterations of each arm that are measured."""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3198)
    parser.add_argument("--folder", type=Path, help="Keep the checkout and its home there.")
    add_record(parser)
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="rlsd-ui-bench-") as thrown_away:
        folder = given.folder or Path(thrown_away)
        checkout = copy_checkout(folder / "checkout")
        taken_over(checkout, folder / "home")
        print(f"load before: {os.getloadavg()[0]:.1f}")
        with ui([*RLSD, "ui", "--port", str(given.port)], checkout):
            ask = f"http://127.0.0.1:{given.port}/graphql"
            wait(lambda: answers(ask))
            with dg.DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance:
                for name, (show, *numbers) in measure(instance, ask):
                    print(f"{name:<58} {show.format(*numbers)}", flush=True)
                    rows.append([name, [show, *numbers]])
    keep(given.record, "python -m benchmarks.ui_automation", MEASURED, rows)


def measure(instance: dg.DagsterInstance, ask: str) -> Iterator[Measured]:
    """What is measured, and what came out."""
    switch_on(ask, f"{NAME}_advance")
    launch(ask, f"{NAME}_problems", {}, {})
    wait(lambda: ended(instance, f"{NAME}_problems"))
    for arm in ARMS:
        launch(ask, f"{NAME}_policy", place(arm, 0), {})
    wait(lambda: all(policy(instance, 0, arm) for arm in ARMS))
    wait(lambda: len(runs(instance, f"{NAME}_train")) == len(ARMS))
    asked = [
        run.create_timestamp.timestamp() - policy(instance, 0, run.dagster_run.tags[ARM_TAG])
        for run in runs(instance, f"{NAME}_train")
    ]
    yield "policy 000 until the sensor asks for its arm's training", (TOLD, *told(asked))
    wait(lambda: policy(instance, 1))
    names = [f"{NAME}_evaluate_{benchmark}" for benchmark in ("sampled", "greedy")]
    clicked = time.time()
    for name in names:
        launch(ask, name, place(ARM, 0), {})
    wait(lambda: all(ended(instance, name) for name in names))
    found = [runs(instance, name)[0] for name in names]
    for name, run in zip(names, found, strict=True):
        yield f"click on {name} until it begins", ("{:.1f} s", (run.start_time or 0) - clicked)
    # Each began before any had ended, and the trainings are under way still.
    together = max(run.start_time or 0 for run in found) < min(run.end_time or 0 for run in found)
    training = [run for run in runs(instance, f"{NAME}_train") if run.end_time is None]
    yield "evaluations at once", ("{}, beside {} trainings", together, len(training))
    for arm in ARMS:
        wait(lambda arm=arm: policy(instance, UPDATES, arm))
        each = told(between(instance, 0, UPDATES, arm))
        yield f"iteration of {arm}, beside the other arm's", (TOLD, *each)


def place(arm: str, updates: int) -> dict[str, str]:
    """Tags of a run of one partition."""
    key = {"arm": arm, "iteration": f"{updates:03d}"}
    each = {f"dagster/partition/{name}": value for name, value in key.items()}
    return {"dagster/partition": "|".join(key.values())} | each


def runs(instance: dg.DagsterInstance, job: str) -> list[dg.RunRecord]:
    """The runs of a job, the latest first."""
    return list(instance.get_run_records(dg.RunsFilter(job_name=job)))


def ended(instance: dg.DagsterInstance, job: str) -> bool:
    """Whether the latest run of a job has succeeded.

    Raises:
        SystemExit: It has failed.
    """
    found = runs(instance, job)
    if found and found[0].dagster_run.status is dg.DagsterRunStatus.FAILURE:
        raise SystemExit(f"{job} has failed")
    return bool(found) and found[0].dagster_run.status is dg.DagsterRunStatus.SUCCESS


def switch_on(ask: str, sensor: str) -> None:
    """What the page's switch does."""
    selector = {
        "repositoryName": "__repository__",
        "repositoryLocationName": "assets.definitions",
        "sensorName": sensor,
    }
    answer = post(ask, START, {"selector": selector})["data"]["startSensor"]
    if answer["__typename"] != "Sensor":
        raise SystemExit(f"{sensor} was not switched on: {answer}")


if __name__ == "__main__":
    main()
