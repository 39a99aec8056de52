"""Tiny text policies for a real vLLM on the processor; `make test-vllm` builds what it needs."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from deploy.processes.machine import free_port
from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.tiny_qwen3_vl import train_tokenizer
from rlsd_pipeline.rollouts.engine import SamplingRequest
from rlsd_pipeline.rollouts.engines.vllm import VLLMEngine
from rlsd_pipeline.stages.workspace import Workspace

TEXTS = (
    "what is 3 plus 4? how many apples are left? is 7 even? which is larger, 12 or 21?",
    "<think>3 plus 4 is 7. 7 is odd.</think><answer>no</answer>",
)
# A gigabyte of cache is enough, and compiling a model of two layers takes longer than running it.
CPU = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "TORCH_COMPILE_DISABLE": "1",
}
SECONDS_TO_START = 300
ENGINE = {"type": "vllm", "max_model_len": 256, "options": {"enforce_eager": True}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("vllm") is None:
        reason = "vLLM is not installed; `make test-vllm` builds an environment that has it"
        for item in items:
            if item.path.parent.name == "vllm":
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def on_the_processor() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in CPU.items():
            monkeypatch.setenv(name, os.environ.get(name, value))
        yield


@pytest.fixture(scope="session")
def declared() -> dict[str, object]:
    """The engine as an experiment declares it."""
    return ENGINE


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(TEXTS, 300)


@pytest.fixture(scope="session")
def build(tokenizer: PreTrainedTokenizerFast) -> Callable[..., Policy]:
    """Builds an untrained Qwen3 of float32 by its seed; its head is the embedding unless untied."""
    config = dict(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=512,
        initializer_range=0.2,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )

    def build(seed: int, *, tied: bool = True) -> Policy:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = Qwen3ForCausalLM(Qwen3Config(**config, tie_word_embeddings=tied))
            return Policy(model, tokenizer)

    return build


@pytest.fixture(scope="session")
def policy(build: Callable[..., Policy]) -> Policy:
    return build(0)


@pytest.fixture(scope="session")
def request_for() -> Callable[..., SamplingRequest]:
    """Five questions of unequal length; keywords change how they are answered."""
    texts = [
        "is 7 even?",
        "what is 3 plus 4?",
        "how many apples are left? " * 4,
        "which is larger, 12 or 21?",
        "7?",
    ]

    def request_for(policy: Policy, **changes: object) -> SamplingRequest:
        prompts = [policy.encode(text) for text in texts]
        return SamplingRequest(prompts, texts, 4, 24, 1.0, seed=3)._replace(**changes)

    return request_for


@pytest.fixture(scope="session")
def engine() -> Iterator[VLLMEngine]:
    """One running vLLM for all tests that do not end it."""
    found = VLLMEngine.model_validate(ENGINE)
    yield found
    found.close()


@pytest.fixture
def text_workspace(tmp_path: Path) -> Callable[..., Workspace]:
    """Builds a text experiment of an untrained policy and an engine; keywords are of the YAML."""

    def build(policy: Policy, engine: dict[str, object], **more: object) -> Workspace:
        (tmp_path / "model").mkdir()
        policy.save(tmp_path / "model")
        rows = [
            {
                "id": f"q{i}",
                "question": f"is {i} plus 4 even?",
                "answer": "yes" if i % 2 == 0 else "no",
            }
            for i in range(12)
        ]
        data = tmp_path / "sums.jsonl"
        data.write_text("\n".join(map(json.dumps, rows)))
        experiment = ExperimentConfig.model_validate(
            {
                "dataset": {"type": "jsonl", "path": str(data), "test_share": 0.25},
                "model": {"type": "pretrained", "name": str(tmp_path / "model")},
                "engine": engine,
                "prompts": {
                    "student": "{question}",
                    "answer_reference": "{question} it is {answer}",
                },
                # A model that has learnt nothing: what it writes on its last line is rewarded when
                # it begins as half of its responses do.
                "verifier": {
                    "type": "exact",
                    "extraction": {"type": "last_line", "prefix": "\ufffd"},
                },
                "sampling": {"prompts": 6, "group_size": 8, "max_tokens": 24},
                "update": {"learning_rate": 1e-3},
                "arms": [{"weighting": {"type": "rlsd"}}],
                "iterations": 2,
                **more,
            }
        )
        return Workspace("sums", experiment, ArtifactStore(tmp_path / "store"))

    return build


class Served(NamedTuple):
    """A server and the folder it reads new weights from."""

    url: str
    folder: Path


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
