"""An iteration in the UI beside the same one by `rlsd train`, and what an idle UI costs.

    python -m benchmarks.ui_iteration [--updates 6] [--idle 600] [--folder FOLDER] [--record FILE]

A copy of the checkout has one experiment more: easy_vqa with more iterations. It and its home are
thrown away, unless a folder is named. Seconds are wall time; those of the processor, where they
stand beside them, hold on a busy machine. The warm start, a minute, is in none of them.
"""

import argparse
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import dagster as dg
import psutil
import yaml

from benchmarks.records import add_record, keep

ROOT = Path(__file__).resolve().parents[1]
NAME, ARM = "ui_bench", "rlsd-s0"
RLSD = [sys.executable, "-c", "from assets.cli import main; main()"]
NEXT_CLICKS = 7
SETTLE = 30.0
"""Seconds until a UI that has opened, or ended a run, is idle."""
LAUNCH = """
mutation ($selector: JobOrPipelineSelector!, $config: RunConfigData!, $tags: [ExecutionTag!]!) {
  launchPipelineExecution(executionParams: {
    selector: $selector, runConfigData: $config, executionMetadata: {tags: $tags}
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""
MEASURED = (("", "{}"), ("measured", "{}"))
"""The columns of the table."""

Measured = tuple[str, tuple[Any, ...]]
"""What is measured; how it is written, and its numbers."""

TOLD = "{:.2f} s ({:.2f} to {:.2f})"
USED = "processor {:.1f} s"
CLICKED = f"{{:.1f}} s, {USED}"
KNOWN = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"


def main() -> None:
    """Measure all of it and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=6, help="Of each kind of run.")
    parser.add_argument("--idle", type=int, default=600, help="Seconds of an idle UI.")
    parser.add_argument("--port", type=int, default=3199)
    parser.add_argument("--folder", type=Path, help="Keep the checkout and its home there.")
    add_record(parser)
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="rlsd-ui-bench-") as thrown_away:
        folder = given.folder or Path(thrown_away)
        checkout, home = copy_checkout(folder / "checkout"), folder / "home"
        taken_over(checkout, home)
        print(f"load before: {os.getloadavg()[0]:.1f}")
        for name, (show, *numbers) in measure(checkout, given.updates, given.idle, given.port):
            print(f"{name:<58} {show.format(*numbers)}", flush=True)
            rows.append([name, [show, *numbers]])
    command = f"python -m benchmarks.ui_iteration --updates {given.updates} --idle {given.idle}"
    keep(given.record, command, MEASURED, rows)


def taken_over(checkout: Path, home: Path) -> None:
    """Let what is begun from here on use a checkout and a home."""
    os.environ |= {
        "RLSD_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
        "PYTHONPATH": str(checkout),
    }
    # What one process compiles, the next loads.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def copy_checkout(target: Path) -> Path:
    """The packages, and the experiment that is trained."""
    shutil.rmtree(target, ignore_errors=True)
    for name in ("assets", "rlsd_pipeline", "schemas", "deploy"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", target / "pyproject.toml")
    experiments = target / "assets" / "experiments"
    declared = yaml.safe_load((experiments / "easy_vqa" / "defs.yaml").read_text())
    declared["attributes"]["iterations"] = 999
    file = experiments / NAME / "defs.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(declared))
    return target


def measure(checkout: Path, updates: int, idle: int, port: int) -> Iterator[Measured]:
    """What is measured, and what came out."""
    home = Path(os.environ["RLSD_HOME"])
    # One process for the first iteration and one for the others: the difference is theirs.
    trained = [*RLSD, "train", NAME, "--arm", ARM, "--iterations"]
    used = [spent([*trained, str(until)], checkout) for until in (1, updates, updates)]
    with dg.DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance:
        each = (used[1] - used[2]) / (updates - 1)
        alone = told(between(instance, 0, updates))
        yield "an iteration by `rlsd train`", (f"{TOLD}, {USED}", *alone, each)
        began = time.monotonic()
        with ui([*RLSD, "ui", "--port", str(port)], checkout) as process:
            ask = f"http://127.0.0.1:{port}/graphql"
            wait(lambda: answers(ask))
            seconds = time.monotonic() - began, processor(process.pid)
            yield "`rlsd ui` until its page answers", (CLICKED, *seconds)
            time.sleep(SETTLE)
            yield from in_the_ui(instance, process, ask, updates)
            if idle:
                time.sleep(SETTLE)
                yield f"an idle UI, {idle} s", idle_cost(process, home, idle)


def in_the_ui(
    instance: dg.DagsterInstance, page: subprocess.Popen[bytes], ask: str, updates: int
) -> Iterator[Measured]:
    """Single iterations and a training, started as the page starts them."""
    first, used = click(instance, page, ask, updates)
    yield "first click on one iteration until it has ended", (CLICKED, first, used)
    clicks = [click(instance, page, ask, updates + 1 + number) for number in range(NEXT_CLICKS)]
    seconds, processors = map(list, zip(*clicks, strict=True))
    shown = (f"{TOLD}, {USED}", *told(seconds), statistics.median(processors))
    yield f"the next {NEXT_CLICKS} clicks, each until it has ended", shown
    begun = updates + 1 + NEXT_CLICKS
    last = begun + updates
    config = {"ops": {f"{NAME}_iterations": {"config": {"updates": last}}}}
    clicked = time.time()
    launch(ask, f"{NAME}_train", {"dagster/partition": ARM}, config)
    wait(lambda: policy(instance, begun + 1))
    used = processor(page.pid)
    wait(lambda: policy(instance, last))
    first = policy(instance, begun + 1) - clicked
    yield "click on a training until its first iteration has ended", ("{:.1f} s", first)
    each = (processor(page.pid) - used) / (last - begun - 1)
    many = told(between(instance, begun, last))
    yield "an iteration of a training in the UI", (f"{TOLD}, {USED}", *many, each)


def click(
    instance: dg.DagsterInstance, page: subprocess.Popen[bytes], ask: str, at: int
) -> tuple[float, float]:
    """Starts an iteration and waits for its policy; seconds by the clock, and of the processor."""
    tags = {"dagster/partition/arm": ARM, "dagster/partition/iteration": f"{at:03d}"}
    tags["dagster/partition"] = f"{ARM}|{at:03d}"
    clicked, used = time.time(), processor(page.pid)
    launch(ask, f"{NAME}_iteration", tags, {})
    wait(lambda: policy(instance, at + 1))
    return policy(instance, at + 1) - clicked, processor(page.pid) - used


def between(instance: dg.DagsterInstance, first: int, last: int, arm: str = ARM) -> list[float]:
    """Seconds from one policy to the next; the first iteration of a process loads its models."""
    times = [policy(instance, k, arm) for k in range(first + 1, last + 1)]
    return [later - earlier for earlier, later in pairwise(times)]


def policy(instance: dg.DagsterInstance, updates: int, arm: str = ARM) -> float:
    """When a policy was published; 0 where it is not there."""
    record = instance.get_latest_data_version_record(
        dg.AssetKey([NAME, "policy"]), partition_key=f"{arm}|{updates:03d}"
    )
    return record.timestamp if record else 0.0


def spent(command: list[str], checkout: Path) -> float:
    """Runs a command; the processor's seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=checkout, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def told(seconds: list[float]) -> tuple[float, float, float]:
    """Their median and how far they go."""
    return statistics.median(seconds), min(seconds), max(seconds)


@contextmanager
def ui(command: list[str], checkout: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The UI, while it is open."""
    # What a run logs would stand between the figures.
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=checkout, **silent)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def idle_cost(process: subprocess.Popen[bytes], home: Path, seconds: int) -> tuple[Any, ...]:
    """Processor time of all of its processes, and what the databases grew by."""
    before, size = parts(process.pid), databases(home)
    time.sleep(seconds)
    after, grown = parts(process.pid), databases(home) - size
    used = {name: (after[name] - before.get(name, 0.0)) / seconds for name in after}
    shares = ", ".join(f"{name} {{:.1%}}" for name in used)
    hourly = grown * 3600 / seconds / 1e6
    show = f"{{:.1%}} of a core ({shares}), {{:.2f}} MB an hour"
    return show, sum(used.values()), *used.values(), hourly


def parts(pid: int) -> dict[str, float]:
    """Seconds of the processor by part of the UI; what a part has begun is its own."""
    children = psutil.Process(pid).children()
    named = {each.name(): processor(each.pid) for each in children}
    return {"parent": processor(pid) - sum(named.values()), **named}


def processor(pid: int) -> float:
    """Seconds of a process and of those that it began, also of those that have ended since."""
    parent = psutil.Process(pid)
    times = [each.cpu_times() for each in (parent, *parent.children(recursive=True))]
    ended = sum(each.children_user + each.children_system for each in times)
    return ended + sum(each.user + each.system for each in times)


def databases(home: Path) -> int:
    """Bytes of Dagster's folder."""
    return sum(path.stat().st_size for path in (home / "dagster").rglob("*") if path.is_file())


def launch(ask: str, job: str, tags: Mapping[str, str], config: Mapping[str, Any]) -> None:
    """What the page sends."""
    selector = {
        "repositoryName": "__repository__",
        "repositoryLocationName": "assets.definitions",
        "pipelineName": job,
    }
    given = [{"key": key, "value": value} for key, value in tags.items()]
    variables = {"selector": selector, "config": json.dumps(config), "tags": given}
    answer = post(ask, LAUNCH, variables)["data"]["launchPipelineExecution"]
    if answer["__typename"] != "LaunchRunSuccess":
        raise SystemExit(f"{job} was not launched: {answer}")


def answers(ask: str) -> bool:
    """Whether the page is there, with the experiment."""
    try:
        found = post(ask, KNOWN)
    except OSError:
        return False
    return bool(found["data"]["repositoriesOrError"].get("nodes"))


def post(ask: str, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The answer to a query."""
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    request = Request(ask, body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as response:
        return json.load(response)


def wait(ready: Callable[[], object]) -> None:
    """Until something is so; the whole measurement ends after an hour."""
    ends = time.monotonic() + 3600
    while not ready():
        if time.monotonic() > ends:
            raise SystemExit("waited for an hour")
        time.sleep(0.2)


if __name__ == "__main__":
    main()
