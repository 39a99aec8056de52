"""The engine `openai` against a local server that samples with real policies, or misbehaves."""

import json
import pickle
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch

from rlsd_pipeline import endpoint
from rlsd_pipeline.errors import ConfigError, EngineError
from rlsd_pipeline.models.loading import load_policy
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.rollouts.engine import SamplingRequest
from rlsd_pipeline.rollouts.engines.openai import OpenAIEngine
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.rollouts.kept import kept, sample_part

Reply = tuple[int, Any]


class Server(ThreadingHTTPServer):
    """Serves `policy` at `/v1/completions`, and loads another as vLLM and SGLang are told to."""

    daemon_threads = True

    def __init__(self, policy: Policy) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.policy = policy
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.lock = threading.Lock()
        self.spoil: Callable[[int, str, Reply], Reply] = lambda number, path, reply: reply

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def answer(self, path: str, body: dict[str, Any]) -> Reply:
        with self.lock:
            self.requests.append((path, body))
            number = len(self.requests)
            match path:
                case "/v1/completions":
                    reply = 200, self.complete(body)
                case "/collective_rpc":
                    self.policy = load_policy(body["kwargs"]["weights_path"])
                    reply = 200, {"results": [None]}
                case "/update_weights_from_disk":
                    self.policy = load_policy(body["model_path"])
                    reply = 200, {"success": True}
                case _:
                    reply = 200, {"success": True}
            return self.spoil(number, path, reply)

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        ids = body["prompt"]
        request = SamplingRequest(
            prompts=[EncodedPrompt(ids)],
            keys=["one"],
            group_size=body["n"],
            max_tokens=body["max_tokens"],
            temperature=body["temperature"],
            seed=body["seed"],
            top_p=body["top_p"],
            top_k=None if body["top_k"] == -1 else body["top_k"],
        )
        (found,) = TransformersEngine().sample(self.policy, request)
        choice = {
            "index": 0,
            "text": "not read",
            "token_ids": found.completion_ids,
            "prompt_token_ids": ids,
            "logprobs": {"token_logprobs": found.rollout_logprobs},
            "finish_reason": found.finish_reason.value,
        }
        return {"choices": [choice]}


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, reply = self.server.answer(self.path, body)
        content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def policy(build: Callable[[str], Policy]) -> Policy:
    return build("qwen3")


@pytest.fixture
def other(build: Callable[[str], Policy]) -> Policy:
    """The same architecture with other weights."""
    changed = build("qwen3")
    with torch.no_grad():
        for parameter in changed.model.parameters():
            parameter.mul_(1.5)
    return changed


@pytest.fixture
def server(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(endpoint, "_PAUSE_SECONDS", 0.01)
    found = Server(policy)
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


def engine_of(server: Server, **changes: object) -> OpenAIEngine:
    return OpenAIEngine(base_url=server.url, model="policy", **changes)


def asked(policy: Policy, **changes: object) -> SamplingRequest:
    texts = ("what colour?", "is there a red circle?", "which?", "a triangle?", "a shape?")
    prompts = [policy.encode(text) for text in texts]
    request = SamplingRequest(prompts, list(texts), 3, 6, 1.0, seed=7)
    return request._replace(**changes)


def sampled(server: Server) -> list[dict[str, Any]]:
    """Bodies of the requests for responses, those of the probe left out."""
    bodies = [body for path, body in server.requests if path == "/v1/completions"]
    return bodies[4:]


def test_responses_come_back_in_order_as_the_server_sampled_them(
    server: Server, policy: Policy
) -> None:
    request, told = asked(policy, temperature=0.7), []
    found = engine_of(server).sample(policy, request, told.append)
    assert len(found) == 15
    assert sum(told) == sum(len(each.completion_ids) for each in found)
    batch = ScoringBatch(
        request.prompts, [i // 3 for i in range(15)], [each.completion_ids for each in found]
    )
    ours = completion_logprobs(policy, batch, temperature=0.7)
    for each, scored in zip(found, ours, strict=True):
        assert each.rollout_logprobs == pytest.approx(scored, abs=1e-5)
    assert len({tuple(each.completion_ids) for each in found}) > 5


def test_a_request_says_everything(server: Server, policy: Policy) -> None:
    request = asked(policy, temperature=0.7, top_k=9)
    engine_of(server).sample(policy, request)
    bodies = {(tuple(body["prompt"]), body["seed"]): body for body in sampled(server)}
    assert len(bodies) == 15, "one request a response, none with another's seed"
    body = next(iter(bodies.values()))
    pad = policy.tokenizer.convert_tokens_to_ids("<|image_pad|>")
    assert body["model"] == "policy"
    assert body["n"] == 1
    assert body["return_token_ids"] is True
    assert body["logit_bias"][str(pad)] == -100
    assert body["temperature"] == 0.7
    assert body["top_k"] == 9
    assert body["stop_token_ids"] == [policy.tokenizer.eos_token_id]


def test_the_draw_is_that_of_the_seed(server: Server, policy: Policy) -> None:
    engine = engine_of(server, batch_prompts=2, concurrency=1)
    one = engine.sample(policy, asked(policy))
    again = engine_of(server).sample(policy, asked(policy))
    other_seed = engine.sample(policy, asked(policy, seed=8))
    assert one == again
    assert one != other_seed


@pytest.mark.parametrize("digest", [None, "of-the-policy"])
def test_a_server_with_other_weights_is_refused(
    server: Server, policy: Policy, other: Policy, digest: str | None
) -> None:
    policy.weights_digest = digest
    server.policy = other
    with pytest.raises(EngineError, match=r"serves other weights.*logprobs-mode"):
        engine_of(server).sample(policy, asked(policy))
    assert len(server.requests) == 4, "nothing but the probe was sampled"
    engine_of(server, max_engine_gap=100.0).sample(policy, asked(policy))


@pytest.mark.parametrize("kind", ["vllm", "sglang"])
def test_new_weights_are_loaded_once(
    server: Server, policy: Policy, other: Policy, tmp_path: Path, kind: str
) -> None:
    weights = {"type": "reloaded", "folder": str(tmp_path / "weights"), "server": kind}
    engine = engine_of(server, weights=weights)
    other.weights_digest = "other"
    first = engine.sample(other, asked(other))
    tellings = [path for path, _ in server.requests if path != "/v1/completions"]
    if kind == "vllm":
        assert tellings == ["/collective_rpc", "/reset_prefix_cache"]
    else:
        assert tellings == ["/update_weights_from_disk"]
    assert engine.sample(other, asked(other)) == first
    assert len([path for path, _ in server.requests if path != "/v1/completions"]) == len(tellings)


def test_a_server_that_was_started_again_is_given_the_weights_again(
    server: Server, policy: Policy, other: Policy, tmp_path: Path
) -> None:
    weights = {"type": "reloaded", "folder": str(tmp_path)}
    engine = engine_of(server, weights=weights)
    other.weights_digest = "other"
    first = engine.sample(other, asked(other))
    server.policy = policy
    assert engine.sample(other, asked(other)) == first


def test_a_server_that_takes_no_weights_says_how_to_start_it(
    server: Server, policy: Policy, tmp_path: Path
) -> None:
    server.spoil = lambda number, path, reply: (404, {"detail": "Not Found"})
    weights = {"type": "reloaded", "folder": str(tmp_path)}
    with pytest.raises(EngineError, match=r"VLLM_SERVER_DEV_MODE=1.*Not Found"):
        engine_of(server, weights=weights).sample(policy, asked(policy))
    server.spoil = lambda number, path, reply: (200, {"success": False, "message": "no room"})
    weights |= {"server": "sglang"}
    with pytest.raises(EngineError, match="no room"):
        engine_of(server, weights=weights).sample(policy, asked(policy))


def test_a_server_without_token_ids_is_refused(server: Server, policy: Policy) -> None:
    def without_ids(number: int, path: str, reply: Reply) -> Reply:
        (choice,) = reply[1]["choices"]
        return 200, {"choices": [choice | {"token_ids": None}]}

    server.spoil = without_ids
    with pytest.raises(EngineError, match=r"returns no token ids.*0\.10\.2"):
        engine_of(server).sample(policy, asked(policy))


@pytest.mark.parametrize(
    "reply",
    [
        b"<html>a proxy</html>",
        {"choices": []},
        {"choices": [{"token_ids": [1]}]},
        {"choices": [{"logprobs": None, "finish_reason": "stop"}]},
        [1, 2],
    ],
)
def test_what_is_no_completion_is_refused(server: Server, policy: Policy, reply: object) -> None:
    server.spoil = lambda *_: (200, reply)
    with pytest.raises(EngineError, match="no completion"):
        engine_of(server).sample(policy, asked(policy))


def test_a_passing_failure_is_tried_again(server: Server, policy: Policy) -> None:
    server.spoil = lambda number, path, reply: (503, b"") if number % 3 == 1 else reply
    found = engine_of(server, retries=3).sample(policy, asked(policy))
    assert len(found) == 15


def test_a_refusal_is_told_in_the_servers_words(server: Server, policy: Policy) -> None:
    server.spoil = lambda *_: (400, {"message": "max_model_len is 16"})
    with pytest.raises(EngineError, match=r"refuses.*HTTP 400.*max_model_len is 16"):
        engine_of(server).sample(policy, asked(policy))


def test_a_server_that_is_down_is_named(server: Server, policy: Policy) -> None:
    server.spoil = lambda *_: (500, b"")
    with pytest.raises(EngineError, match=rf"no response at {server.url}/completions: HTTP 500"):
        engine_of(server, retries=1).sample(policy, asked(policy))
    nobody = OpenAIEngine(base_url="http://127.0.0.1:9/v1", model="policy", retries=0)
    with pytest.raises(EngineError, match=r"connection failed.*See that it runs"):
        nobody.sample(policy, asked(policy))


def test_images_are_refused_before_anything_is_asked(
    server: Server, vision_policy: Policy, png: Callable[..., bytes]
) -> None:
    prompts = [vision_policy.encode("what?", [png()])]
    request = SamplingRequest(prompts, ["a"], 1, 4, 1.0, seed=0)
    with pytest.raises(ConfigError, match="type: vllm"):
        engine_of(server).sample(vision_policy, request)
    assert server.requests == []


def test_a_missing_key_is_named(
    server: Server, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENGINE_KEY", raising=False)
    with pytest.raises(ConfigError, match="ENGINE_KEY is not set"):
        engine_of(server, api_key_env="ENGINE_KEY").sample(policy, asked(policy))


def test_one_declaration_has_one_engine(server: Server, policy: Policy) -> None:
    declared = engine_of(server)
    sample_part(declared, policy, asked(policy), [].append)
    assert kept(engine_of(server)) is kept(declared)
    assert kept(engine_of(server)) is not kept(engine_of(server, retries=0))
    assert pickle.loads(pickle.dumps(declared)) == engine_of(server), "nothing runs in it"
