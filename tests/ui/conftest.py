"""`rlsd ui` on a checkout with one small experiment, a browser, and a plain run beside it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
UPDATES = 80
"""Of an arm whose training every part is killed in; a small update takes a third of a second."""
RLSD = [sys.executable, "-c", "from assets.cli import main; main()"]
LAUNCH = """
mutation ($job: JobOrPipelineSelector!, $tags: [ExecutionTag!]!, $config: RunConfigData!) {
  launchPipelineExecution(
    executionParams: {selector: $job, executionMetadata: {tags: $tags}, runConfigData: $config}
  ) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""
BACKFILL = """
mutation ($given: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $given) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  }
}
"""
OF_BACKFILL = """
query ($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill {
  status runs { runId status } } } }
"""
RELOAD = """mutation { reloadRepositoryLocation(repositoryLocationName: "assets.definitions") {
  __typename } }"""
GROUPS = "{ assetNodes { groupName } }"


class Opened:
    """A UI that is open, and what a person does there.

    Attributes:
        url: Of its page.
        home: Of its artifacts.
        process: `rlsd ui` itself.
    """

    def __init__(self, url: str, home: Path, process: subprocess.Popen[bytes]) -> None:
        self.url, self.home, self.process = url, home, process

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a GraphQL answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=120) as answer:
            found = json.load(answer)
        assert "errors" not in found, found
        return found["data"]

    def launch(self, job: str, partition: str, **config: Any) -> str:
        """What the button does; returns the run's id."""
        return self._launch({"pipelineName": job}, partition, config)

    def materialize(self, asset: str, partition: str, **config: Any) -> str:
        """What the button of an asset of the small experiment does; returns the run's id."""
        selected = {
            "pipelineName": "__ASSET_JOB",
            "assetSelection": [{"path": ["small", asset]}],
        }
        return self._launch(selected, partition, {"ops": {f"small__{asset}": {"config": config}}})

    def backfill(self, assets: Iterable[str], partitions: Iterable[str]) -> str:
        """What the button of several assets of the small experiment does; its id."""
        given = {
            "assetSelection": [{"path": ["small", asset]} for asset in assets],
            "partitionNames": list(partitions),
        }
        answer = self.ask(BACKFILL, given=given)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return answer["backfillId"]

    def of_backfill(self, backfill: str) -> dict[str, Any]:
        """Its status and its runs."""
        return self.ask(OF_BACKFILL, id=backfill)["partitionBackfillOrError"]

    def _launch(self, selected: dict[str, Any], partition: str, config: dict[str, Any]) -> str:
        location = {
            "repositoryName": "__repository__",
            "repositoryLocationName": "assets.definitions",
        }
        tags = [{"key": "dagster/partition", "value": partition}]
        given = {"job": location | selected, "tags": tags, "config": json.dumps(config)}
        answer = self.ask(LAUNCH, **given)["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return answer["run"]["runId"]

    def reload(self) -> None:
        """What the button of the code location does."""
        self.ask(RELOAD)

    def groups(self) -> set[str]:
        """The experiments that the page shows, and the group of those that cannot be loaded."""
        return {node["groupName"] for node in self.ask(GROUPS)["assetNodes"]}

    def runs(self) -> list[dict[str, Any]]:
        """All runs, the latest first."""
        asked = "{ runsOrError { ... on Runs { results { runId status jobName } } } }"
        return self.ask(asked)["runsOrError"]["results"]

    def part(self, name: str) -> psutil.Process:
        """The process of one part."""
        found = [
            child for child in psutil.Process(self.process.pid).children() if child.name() == name
        ]
        assert len(found) == 1, name
        return found[0]


def until(holds: Callable[[], Any], seconds: float = 900) -> Any:
    """The first true answer; a server that does not answer is asked again."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            if found := holds():
                return found
        except (OSError, AssertionError, psutil.Error):
            pass
        time.sleep(0.2)
    raise AssertionError(f"not so within {seconds} s")


def environment(checkout: Path, home: Path) -> dict[str, str]:
    named = {"RLSD_HOME": str(home), "PYTHONPATH": str(checkout)}
    left_out = ("DAGSTER_HOME", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if name not in left_out} | named


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This code with its experiments, and a small one."""
    path = tmp_path_factory.mktemp("ui") / "checkout"
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("assets", "rlsd_pipeline", "schemas", "deploy"):
        shutil.copytree(ROOT / name, path / name, ignore=ignore)
    shutil.copyfile(ROOT / "pyproject.toml", path / "pyproject.toml")
    small = path / "assets" / "experiments" / "small"
    small.mkdir()
    declared = (ROOT / "tests" / "deploy" / "small.yaml").read_text()
    # Long enough for every part to be killed on the way.
    changed = declared.replace("iterations: 4", f"iterations: {UPDATES}")
    assert changed != declared
    (small / "defs.yaml").write_text(changed)
    return path


@pytest.fixture(scope="session")
def undisturbed(checkout: Path) -> Path:
    """The home of `rlsd train`, which trains one arm as far as is declared."""
    home = checkout.parent / "undisturbed"
    given = environment(checkout, home)
    trained = [*RLSD, "train", "small", "--arm", "grpo-s0"]
    subprocess.run(trained, env=given, cwd=checkout, check=True, capture_output=True)
    return home


@pytest.fixture(scope="session")
def opened(checkout: Path) -> Iterator[Opened]:
    """The UI, once its page answers; what it printed is shown where a test fails."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = checkout.parent / "home"
    process = subprocess.Popen(
        [*RLSD, "ui", "--port", str(port)], cwd=checkout, env=environment(checkout, home)
    )
    ui = Opened(f"http://127.0.0.1:{port}", home, process)
    try:
        until(lambda: ui.ask("{ version }"))
        yield ui
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(90)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A Chromium that asks nobody but this machine."""
    playwright = pytest.importorskip("playwright.sync_api", reason="make test-ui installs it")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with playwright.sync_playwright() as started:
        arguments = ["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
        yield started.chromium.launch(executable_path=chromium, args=["--no-sandbox", *arguments])


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A window of 1,400 pixels."""
    window = browser.new_page(viewport={"width": 1400, "height": 900})
    window.set_default_timeout(120_000)
    yield window
    window.close()
