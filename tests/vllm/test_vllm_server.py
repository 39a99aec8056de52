"""The engine `openai` against a real `vllm serve`."""

from collections.abc import Callable

import pytest

from rlsd_pipeline.errors import EngineError
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engine import SamplingRequest
from rlsd_pipeline.rollouts.engines.openai import OpenAIEngine
from tests.vllm.conftest import Served


@pytest.fixture(scope="module")
def policy(build: Callable[..., Policy]) -> Policy:
    """With a head of its own: vLLM 0.32 on a processor does not reload one that is shared."""
    return build(0, tied=False)


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
