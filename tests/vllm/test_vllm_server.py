"""The engine `openai` against a real `vllm serve`."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from deploy.processes.machine import free_port
from rlsd_pipeline.errors import EngineError
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engine import SamplingRequest
from rlsd_pipeline.rollouts.engines.openai import OpenAIEngine

SECONDS_TO_START = 300


class Served(NamedTuple):
    """A server and the folder it reads new weights from."""

    url: str
    folder: Path


@pytest.fixture(scope="module")
def policy(build: Callable[..., Policy]) -> Policy:
    """With a head of its own: vLLM 0.32 on a processor does not reload one that is shared."""
    return build(0, tied=False)


@pytest.fixture(scope="module")
def served(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    policy.save(folder)
    port = free_port()
    # What `vllm serve` runs; the command itself asks for the version of a package named vllm.
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder)]
    options = {
        "host": "127.0.0.1",
        "port": port,
        "served-model-name": "policy",
        "dtype": "float32",
        "max-model-len": 256,
        "logprobs-mode": "processed_logprobs",
    }
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    environment = {**os.environ, "VLLM_SERVER_DEV_MODE": "1", "VLLM_NO_USAGE_STATS": "1"}
    environment |= {"NO_PROXY": "127.0.0.1"}
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            # See `_start` of running_vllm.py for the second.
            [*command, "--enforce-eager", "--no-enable-chunked-prefill"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, log)
        yield Served(f"http://127.0.0.1:{port}/v1", folder)
    finally:
        process.terminate()
        process.wait(60)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(SECONDS_TO_START):
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            opener.open(url, timeout=5).close()
        except OSError:
            time.sleep(1)
        else:
            return
    raise AssertionError(f"no answer in {SECONDS_TO_START} s: {log.read_text()[-3000:]}")


@pytest.fixture
def engine(served: Served, monkeypatch: pytest.MonkeyPatch) -> Callable[..., OpenAIEngine]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def engine(**changes: object) -> OpenAIEngine:
        return OpenAIEngine(base_url=served.url, model="policy", **changes)

    return engine


def gap(policy: Policy, request: SamplingRequest, engine: OpenAIEngine) -> float:
    """Largest difference to transformers over what the server samples, nats."""
    found = engine.sample(policy, request)
    owners = [index // request.group_size for index in range(len(found))]
    batch = ScoringBatch(request.prompts, owners, [each.completion_ids for each in found])
    ours = completion_logprobs(policy, batch, temperature=request.temperature)
    theirs = [each.rollout_logprobs for each in found]
    return max(
        abs(a - b) for x, y in zip(ours, theirs, strict=True) for a, b in zip(x, y, strict=True)
    )


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_a_server_samples_as_the_policy_does(
    engine: Callable[..., OpenAIEngine],
    policy: Policy,
    request_for: Callable[..., SamplingRequest],
    temperature: float,
) -> None:
    request = request_for(policy, temperature=temperature)
    assert gap(policy, request, engine()) < 1e-4
    one, again = (engine().sample(policy, request) for _ in range(2))
    assert [each.completion_ids for each in one] == [each.completion_ids for each in again]
    assert len({tuple(each.completion_ids) for each in one}) > 10


def test_another_policy_is_refused_and_then_loaded(
    engine: Callable[..., OpenAIEngine],
    served: Served,
    policy: Policy,
    build: Callable[..., Policy],
    request_for: Callable[..., SamplingRequest],
) -> None:
    newer = build(1, tied=False)
    with pytest.raises(EngineError, match="serves other weights"):
        engine().sample(newer, request_for(newer))
    weights = {"type": "reloaded", "folder": str(served.folder)}
    assert gap(newer, request_for(newer), engine(weights=weights)) < 1e-4
    with pytest.raises(EngineError, match="serves other weights"):
        engine().sample(policy, request_for(policy))
