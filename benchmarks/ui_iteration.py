"""An iteration in the UI beside the same one by `rlsd train`, and what an idle UI costs.

    python -m benchmarks.ui_iteration [--updates 6] [--idle 600]

A copy of the checkout has one experiment more: easy_vqa with a short warm start. Its home is thrown
away. Seconds are wall time, and those of the processor beside them, which hold on a busy machine.
"""

import argparse
import json
import os
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

ROOT = Path(__file__).resolve().parents[1]
NAME, ARM = "ui_bench", "rlsd-s0"
LAUNCH = """
mutation ($selector: JobOrPipelineSelector!, $config: RunConfigData!, $tags: [ExecutionTag!]!) {
  launchPipelineExecution(executionParams: {
    selector: $selector, runConfigData: $config, executionMetadata: {tags: $tags}
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""
KNOWN = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"


def main() -> None:
    """Measure all of it and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=6, help="Of each kind of run.")
    parser.add_argument("--idle", type=int, default=600, help="Seconds of an idle UI.")
    parser.add_argument("--port", type=int, default=3199)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rlsd-ui-bench-") as folder:
        checkout = copy_checkout(Path(folder) / "checkout")
        os.environ |= {"RLSD_HOME": str(Path(folder) / "home"), "PYTHONPATH": str(checkout)}
        os.environ.pop("DAGSTER_HOME", None)
        for name, value in measure(checkout, given.updates, given.idle, given.port):
            print(f"{name:<58} {value}", flush=True)


def copy_checkout(target: Path) -> Path:
    """The packages, and the experiment that is trained."""
    for name in ("assets", "rlsd_pipeline", "schemas", "deploy"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", target / "pyproject.toml")
    experiments = target / "assets" / "experiments"
    declared = yaml.safe_load((experiments / "easy_vqa" / "defs.yaml").read_text())
    declared["attributes"]["model"]["warm_start"] = {"steps": 20}
    declared["attributes"]["iterations"] = 999
    file = experiments / NAME / "defs.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(declared))
    return target


def measure(checkout: Path, updates: int, idle: int, port: int) -> Iterator[tuple[str, str]]:
    """What is measured, and what came out."""
    rlsd = [sys.executable, "-c", "from assets.cli import main; main()"]
    trained = [*rlsd, "train", NAME, "--arm", ARM, "--iterations", str(updates)]
    subprocess.run(trained, cwd=checkout, check=True, stdout=subprocess.DEVNULL)
    with dg.DagsterInstance.from_config(str(Path(os.environ["RLSD_HOME"]) / "dagster")) as instance:
        alone = between(instance, 0, updates)
        yield "iteration by `rlsd train`", told(alone)
        began = time.monotonic()
        with ui([*rlsd, "ui", "--port", str(port)], checkout) as process:
            ask = f"http://127.0.0.1:{port}/graphql"
            wait(lambda: answers(ask))
            yield "`rlsd ui` until its page answers", f"{time.monotonic() - began:.1f} s"
            yield from in_the_ui(instance, ask, updates)
            if idle:
                time.sleep(30)
                yield f"idle UI, {idle} s", idle_cost(process, Path(os.environ["RLSD_HOME"]), idle)


def in_the_ui(instance: dg.DagsterInstance, ask: str, updates: int) -> Iterator[tuple[str, str]]:
    """A training and one iteration by itself, started as the page starts them."""
    last = 2 * updates
    config = {"ops": {f"{NAME}_iterations": {"config": {"updates": last}}}}
    clicked = time.time()
    launch(ask, f"{NAME}_train", {"dagster/partition": ARM}, config)
    wait(lambda: policy(instance, last))
    first = policy(instance, updates + 1) - clicked
    many = between(instance, updates + 1, last)
    yield "iteration of a training in the UI", told(many)
    yield "click on a training until its first iteration has ended", f"{first:.1f} s"
    partition = f"{ARM}|{last:03d}"
    clicked = time.time()
    tags = {"dagster/partition": partition}
    tags |= {"dagster/partition/arm": ARM, "dagster/partition/iteration": f"{last:03d}"}
    launch(ask, f"{NAME}_iteration", tags, {})
    wait(lambda: policy(instance, last + 1))
    alone = policy(instance, last + 1) - clicked
    yield "click on one iteration until it has ended", f"{alone:.1f} s"


def between(instance: dg.DagsterInstance, first: int, last: int) -> list[float]:
    """Seconds from one policy to the next; the first iteration of a process loads its models."""
    times = [policy(instance, k) for k in range(first + 1, last + 1)]
    return [later - earlier for earlier, later in pairwise(times)]


def policy(instance: dg.DagsterInstance, updates: int) -> float:
    """When a policy was published; 0 where it is not there."""
    record = instance.get_latest_data_version_record(
        dg.AssetKey([NAME, "policy"]), partition_key=f"{ARM}|{updates:03d}"
    )
    return record.timestamp if record else 0.0


def told(seconds: list[float]) -> str:
    """Their median and how far they go."""
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


@contextmanager
def ui(command: list[str], checkout: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The UI, while it is open."""
    process = subprocess.Popen(command, cwd=checkout)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def idle_cost(process: subprocess.Popen[bytes], home: Path, seconds: int) -> str:
    """Processor time of all of its processes, and what the databases grew by."""
    before, size = processor(process.pid), databases(home)
    time.sleep(seconds)
    used, grown = processor(process.pid) - before, databases(home) - size
    hourly = grown * 3600 / seconds / 1e6
    return f"{used / seconds:.1%} of a core, {hourly:.2f} MB an hour"


def processor(pid: int) -> float:
    """Seconds of a process and of those that it began."""
    parent = psutil.Process(pid)
    times = [each.cpu_times() for each in (parent, *parent.children(recursive=True))]
    return sum(each.user + each.system for each in times)


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
