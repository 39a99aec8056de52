"""A running vLLM against transformers on the same weights."""

import os
import signal
import warnings
from collections.abc import Callable, Sequence

import psutil
import pytest
import torch

from rlsd_pipeline.errors import ConfigError, EngineError
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engine import Completion, SamplingRequest
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.rollouts.engines.vllm import VLLMEngine
from schemas import FinishReason

RequestFor = Callable[..., SamplingRequest]

TOLERANCE = 1e-4
"""Nats a token, in float32 on both sides."""


def gap(policy: Policy, request: SamplingRequest, found: Sequence[Completion]) -> float:
    """Largest difference to the log-probabilities that transformers gives the same tokens."""
    owners = [index // request.group_size for index in range(len(found))]
    batch = ScoringBatch(request.prompts, owners, [each.completion_ids for each in found])
    ours = completion_logprobs(policy, batch, temperature=request.temperature or 1.0)
    theirs = [each.rollout_logprobs for each in found]
    return max(
        abs(a - b) for x, y in zip(ours, theirs, strict=True) for a, b in zip(x, y, strict=True)
    )


def engine_processes() -> list[psutil.Process]:
    """The living processes of vLLM's cores."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if "EngineCor" in child.name() and child.status() != psutil.STATUS_ZOMBIE
    ]


def ids(found: Sequence[Completion]) -> list[list[int]]:
    return [each.completion_ids for each in found]


@pytest.mark.parametrize("temperature", [1.0, 0.6, 0.0])
def test_sampled_logprobs_are_those_of_transformers(
    engine: VLLMEngine, policy: Policy, request_for: RequestFor, temperature: float
) -> None:
    size = 1 if temperature == 0 else 8
    request, told = request_for(policy, temperature=temperature, group_size=size), []
    found = engine.sample(policy, request, told.append)
    assert len(found) == 5 * size
    assert sum(told) == sum(map(len, ids(found)))
    assert gap(policy, request, found) < TOLERANCE
    suppressed = set(policy.suppressed_token_ids)
    assert all(suppressed.isdisjoint(each) for each in ids(found))
    if temperature == 0:
        assert ids(found) == ids(TransformersEngine().sample(policy, request))
    else:
        assert {each.finish_reason for each in found} == {FinishReason.STOP, FinishReason.LENGTH}


def test_one_seed_is_one_draw_whatever_is_beside_it(
    engine: VLLMEngine, policy: Policy, request_for: RequestFor
) -> None:
    request = request_for(policy)
    found = ids(engine.sample(policy, request))
    assert ids(engine.sample(policy, request)) == found
    assert ids(engine.sample(policy, request_for(policy, seed=4))) != found
    last = request._replace(prompts=request.prompts[3:], keys=request.keys[3:])
    assert ids(engine.sample(policy, last)) == found[12:]
    small = VLLMEngine(batch_prompts=2)
    small._running = engine._running
    assert ids(small.sample(policy, request)) == found
    assert len({tuple(each) for each in found}) > 10, "a group's responses differ"


def test_the_draw_has_the_distribution_of_the_policy(
    engine: VLLMEngine, policy: Policy, request_for: RequestFor
) -> None:
    """Of 4000 first tokens, each likely one comes up as often as its probability says."""
    request = request_for(policy)
    one = request._replace(
        prompts=request.prompts[:1], keys=["first"], group_size=4000, max_tokens=1
    )
    drawn = torch.tensor([each[0] for each in ids(engine.sample(policy, one))])
    every = [[token] for token in range(len(policy.tokenizer))]
    allowed = [row for row in every if row[0] not in policy.suppressed_token_ids]
    batch = ScoringBatch(one.prompts, [0] * len(allowed), allowed)
    for row, (logprob,) in zip(allowed, completion_logprobs(policy, batch), strict=True):
        p = torch.tensor(logprob).exp().item()
        if p > 0.02:
            share = (drawn == row[0]).double().mean().item()
            assert share == pytest.approx(p, abs=5 * (p * (1 - p) / 4000) ** 0.5)


def test_cuts_are_obeyed(engine: VLLMEngine, policy: Policy, request_for: RequestFor) -> None:
    request = request_for(policy, top_k=1, temperature=2.0)
    greedy = request_for(policy, group_size=1, temperature=0.0)
    found = ids(engine.sample(policy, request))
    assert found[::4] == ids(engine.sample(policy, greedy))


def test_new_weights_take_effect_without_a_restart(
    engine: VLLMEngine,
    policy: Policy,
    build: Callable[..., Policy],
    request_for: RequestFor,
) -> None:
    """The same prompts before and after, so that a stale prefix cache would show."""
    engine.sample(policy, request_for(policy))
    processes = engine_processes()
    newer = build(1)
    newer.model.name_or_path = "a checkpoint"
    request = request_for(newer)
    found = engine.sample(newer, request)
    assert gap(newer, request, found) < TOLERANCE
    assert gap(policy, request, found) > 1.0
    greedy = request_for(newer, group_size=1, temperature=0.0)
    assert ids(engine.sample(newer, greedy)) == ids(TransformersEngine().sample(newer, greedy))
    assert engine_processes() == processes


def test_known_weights_are_not_loaded_again(
    engine: VLLMEngine, build: Callable[..., Policy], request_for: RequestFor
) -> None:
    newer = build(2)
    newer.weights_digest = "two"
    first = ids(engine.sample(newer, request_for(newer)))
    with torch.no_grad():
        newer.model.get_input_embeddings().weight.mul_(0)
    assert ids(engine.sample(newer, request_for(newer))) == first
    newer.weights_digest = None
    assert ids(engine.sample(newer, request_for(newer))) != first


def test_a_response_that_cannot_fit_is_refused(
    engine: VLLMEngine, policy: Policy, request_for: RequestFor
) -> None:
    with pytest.raises(ConfigError, match=r"longer than vLLM's 256: raise engine.max_model_len"):
        engine.sample(policy, request_for(policy, max_tokens=250))


def kill_the_engine() -> None:
    """As the system does where memory runs out."""
    victims = engine_processes()
    assert victims
    for victim in victims:
        os.kill(victim.pid, signal.SIGKILL)


def test_a_dead_engine_is_reported_and_started_once(
    engine: VLLMEngine, policy: Policy, request_for: RequestFor
) -> None:
    request = request_for(policy)
    before = ids(engine.sample(policy, request))
    kill_the_engine()
    with pytest.warns(UserWarning, match="vLLM died"):
        assert ids(engine.sample(policy, request)) == before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ids(engine.sample(policy, request)) == before


def test_an_engine_that_dies_again_ends_the_stage(
    engine: VLLMEngine, policy: Policy, request_for: RequestFor
) -> None:
    def kill(tokens: int) -> None:
        kill_the_engine()

    long = request_for(policy, max_tokens=160, group_size=64)
    with (
        pytest.warns(UserWarning, match="vLLM died"),
        pytest.raises(EngineError, match="died again over the same 5 prompts"),
    ):
        engine.sample(policy, long, kill)


def test_an_unknown_option_is_named(policy: Policy, request_for: RequestFor) -> None:
    wrong = VLLMEngine(options={"max_num_seq": 4})
    with pytest.raises(ConfigError, match="max_num_seq"):
        wrong.sample(policy, request_for(policy))
