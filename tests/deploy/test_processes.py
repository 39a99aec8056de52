"""The deployment as processes: who may enter, what listens where, and that nothing is lost."""

import http.client
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import dagster as dg
import pytest

from assets.recovery import PROCESS_TAG
from deploy.processes.topology import Topology
from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.stages.registry import ITERATION_STAGES

ARMS = ("grpo-s0", "rlsd-s0")
ITERATIONS = 4
LONG_SECONDS = 300
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

LAUNCH = """
mutation ($job: JobOrPipelineSelector!, $tags: [ExecutionTag!]!) {
  launchPipelineExecution(
    executionParams: {selector: $job, executionMetadata: {tags: $tags}, runConfigData: {}}
  ) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""


def status_of(url: str, **headers: str) -> int:
    request = Request(url, headers={key.replace("_", "-"): value for key, value in headers.items()})
    try:
        with urlopen(request, timeout=30) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


@pytest.mark.parametrize("path", ["/", "/graphql?query={version}", "/server_info", "/assets"])
def test_nobody_enters_without_a_password(topology: Topology, client: Any, path: str) -> None:
    assert status_of(topology.url + path) == 401
    wrong = "Basic YWRhOmFkYQ=="
    assert status_of(topology.url + path, Authorization=wrong) == 401
    assert status_of(topology.url + path, Authorization=client.authorization) == 200


def test_health_needs_no_password_and_tells_nothing(topology: Topology) -> None:
    with urlopen(f"{topology.url}/healthz", timeout=10) as answer:
        assert answer.read() == b"ok\n"
        assert answer.headers["Server"] == "nginx"


def test_other_pages_cannot_use_a_browsers_password(topology: Topology, client: Any) -> None:
    url, known = f"{topology.url}/graphql?query={{version}}", client.authorization
    assert status_of(url, Authorization=known, Origin="https://elsewhere.example") == 403
    assert status_of(url, Authorization=known, Origin="null") == 403
    assert status_of(url, Authorization=known, Origin=topology.url) == 200
    assert status_of(url, Authorization=known, Sec_Fetch_Site="cross-site") == 403
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert status_of(topology.url, Authorization=known, **link) == 200


def test_subscriptions_pass_the_proxy(topology: Topology, client: Any) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec_WebSocket_Protocol": "graphql-ws",
    }
    url = f"{topology.url}/graphql"
    assert handshake(url, upgrade | {"Authorization": client.authorization}) == 101
    assert handshake(url, upgrade) == 401


def handshake(url: str, headers: dict[str, str]) -> int:
    """Status of a websocket handshake; urllib removes the headers that ask for one."""
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=30)
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    connection.request("GET", "/graphql", headers=named)
    status = connection.getresponse().status
    connection.close()
    return status


def test_everything_listens_on_the_loopback_interface_only(topology: Topology) -> None:
    listed = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
    listening = [line.split()[3] for line in listed.splitlines()]
    for name, port in topology.ports.items():
        found = {address.rsplit(":", 1)[0] for address in listening if address.endswith(f":{port}")}
        assert found, name
        # gRPC binds through IPv6, where the interface has another spelling.
        assert found <= {"127.0.0.1", "[::ffff:127.0.0.1]"}, name


def test_the_database_needs_its_password(topology: Topology) -> None:
    psycopg2 = pytest.importorskip("psycopg2")
    address = {"host": "127.0.0.1", "port": topology.ports["postgres"], "dbname": "dagster"}
    psycopg2.connect(**address, user="dagster", password=topology.password()).close()
    for wrong in ("", "dagster"):
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(**address, user="dagster", password=wrong)


class Kill(NamedTuple):
    """A part that was killed, an iteration that was under way, and when the part served again."""

    part: str
    during: str
    seconds: float


class Watch:
    """Looks at the instance; an outage of the database is waited out."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance

    def until(self, found: Callable[[dg.DagsterInstance], Any], seconds: float) -> Any:
        """The first true answer."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            try:
                if answer := found(self._instance):
                    return answer
            except Exception as error:
                if "onnection" not in str(error):
                    raise
            time.sleep(0.1)
        runs = [(r.run_id[:8], r.status.value, r.tags) for r in self._instance.get_runs(limit=20)]
        raise AssertionError(f"not reached in {seconds} s; runs: {runs}")


def partitions(instance: dg.DagsterInstance, stage: str) -> set[str]:
    return set(instance.get_materialized_partitions(dg.AssetKey(["small", *stage.split("/")])))


def under_way(instance: dg.DagsterInstance, seen: frozenset[str]) -> str | None:
    """An iteration that has its rollouts and not yet its checkpoint, other than those seen.

    Every run that is executed has said where. One that is killed before it can is found dead too,
    but only after a while (tests/assets/test_recovery.py).
    """
    running = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    if any(not run.tags.get(PROCESS_TAG, "").startswith(run.run_id) for run in running):
        return None
    arms = {run.tags.get("dagster/partition") for run in running}
    begun = partitions(instance, "rollouts") - partitions(instance, "policy_checkpoint")
    return min({key for key in begun if key.split("|")[0] in arms} - seen, default=None)


def is_looking_after(instance: dg.DagsterInstance, since: float) -> bool:
    """Whether the daemon, whose last word outlives it, has said a new one."""
    heartbeats = instance.get_daemon_heartbeats()
    return any(heartbeat.timestamp > since for heartbeat in heartbeats.values())


def start(client: Any, arm: str) -> None:
    """What a user does: launch the training of an arm."""
    job = {
        "repositoryName": "__repository__",
        "repositoryLocationName": "rlsd",
        "pipelineName": "small_train",
    }
    given = [{"key": "dagster/partition", "value": arm}]
    launched = client.ask(LAUNCH, job=job, tags=given)["launchPipelineExecution"]
    assert launched["__typename"] == "LaunchRunSuccess", launched


def digests(home: Path) -> dict[str, str]:
    """Content of everything that an experiment has a name for."""
    store = ArtifactStore(home / "artifacts")
    names = ["small/problems"]
    names += [f"small/{arm}/{k:03d}/policy" for arm in ARMS for k in range(ITERATIONS + 1)]
    names += [
        f"small/{arm}/{k:03d}/{stage}"
        for arm in ARMS
        for k in range(ITERATIONS)
        for stage in ITERATION_STAGES
    ]
    return {name: store.ref(name).digest for name in names}


def table(kills: list[Kill], runs: list[dg.DagsterRun], seconds: float) -> str:
    """What was killed, and what became of it."""
    lines = [f"\n{'killed':<11}{'during':<15}{'serves again':<15}runs of it that died"]
    for kill in kills:
        died = [
            run
            for run in runs
            if run.tags.get("dagster/partition") == kill.during.split("|")[0]
            and run.status is dg.DagsterRunStatus.FAILURE
        ]
        lines.append(f"{kill.part:<11}{kill.during:<15}{f'{kill.seconds:.1f} s':<15}{len(died)}")
    ended = sum(run.status is dg.DagsterRunStatus.SUCCESS for run in runs)
    retried = sum("dagster/retry_number" in run.tags for run in runs)
    lines.append(f"{len(runs)} runs: {ended} succeeded, {retried} of all were retries")
    lines.append(f"{len(ARMS)} arms x {ITERATIONS} iterations in {seconds:.0f} s")
    return "\n".join(lines)


def test_nothing_is_lost_when_parts_are_killed(
    topology: Topology,
    client: Any,
    instance: dg.DagsterInstance,
    undisturbed: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    began = time.monotonic()
    watch, seen, kills = Watch(instance), set[str](), []
    for arm in ARMS:
        start(client, arm)
    for parts in (("webserver", "proxy"), ("daemon",), ("code",), ("postgres",)):
        during = watch.until(partial(under_way, seen=frozenset(seen)), LONG_SECONDS)
        seen.add(during)
        for part in parts:
            topology.parts[part].kill()
        killed = time.time()
        for part in parts:
            topology.parts[part].wait_until_ready()
            if part == "daemon":
                watch.until(partial(is_looking_after, since=killed), LONG_SECONDS)
            kills.append(Kill(part, during, time.time() - killed))
    ends = {f"{arm}|{ITERATIONS:03d}" for arm in ARMS}
    watch.until(lambda found: ends <= partitions(found, "policy"), LONG_SECONDS)
    watch.until(lambda found: not found.get_runs(dg.RunsFilter(statuses=UNFINISHED)), LONG_SECONDS)
    seconds = time.monotonic() - began

    runs = instance.get_runs()
    with capsys.disabled():
        print(table(kills, runs, seconds))
    assert {name: part.starts for name, part in topology.parts.items() if part.starts < 2} == {}
    wanted = {f"{arm}|{k:03d}" for arm in ARMS for k in range(ITERATIONS)}
    for stage in ITERATION_STAGES:
        assert partitions(instance, stage) == wanted
    assert digests(topology.home) == digests(undisturbed)


def test_the_command_line_works_on_the_same_instance(
    topology: Topology, checkout: Path, instance: dg.DagsterInstance, undisturbed: Path
) -> None:
    """It has nothing left to train, and evaluates."""
    for command in ("train", "evaluate"):
        done = subprocess.run(
            [sys.executable, "-c", "from assets.cli import main; main()", command, "small"],
            env=topology.environment,
            cwd=checkout,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "greedy" in done.stdout
    ends = [f"{arm}/{k:03d}" for arm in ARMS for k in (0, ITERATIONS)]
    scored = partitions(instance, "benchmark_scores/greedy")
    assert scored == {name.replace("/", "|") for name in ends}
    stores = [ArtifactStore(home / "artifacts") for home in (topology.home, undisturbed)]
    found, expected = (
        [store.ref(f"small/{name}/benchmark_scores.greedy").digest for name in ends]
        for store in stores
    )
    assert found == expected
