"""Policies on a device of their own, shown without one.

Whatever is made elsewhere than beside the model is made on the default device. Here that is `meta`,
whose tensors have no values and mix with no others.
"""

from collections.abc import Callable

import pytest
import torch

from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.placement import torch_device
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.scoring import (
    Scored,
    keep_entries_of,
    keep_likeliest,
    score_responses,
)
from rlsd_pipeline.rollouts.engine import SamplingRequest
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.update.devices import OneDevice

IDS = [[40, 41, 42], [43], [], [44, 45]]
ELSEWHERE = torch.device("meta")


@pytest.fixture(params=[True, False], ids=["shared", "repeated"])
def policy(request: pytest.FixtureRequest, build: Callable[[str], Policy]) -> Policy:
    policy = build("qwen3_vl")
    policy.shares_prefix = request.param
    return policy


@pytest.fixture
def prompts(policy: Policy, png: Callable[..., bytes]) -> list[EncodedPrompt]:
    seen = policy.encode("is there a red circle?", [png()])
    return [seen, seen, policy.encode("what colour?"), seen]


def scored(policy: Policy, prompts: list[EncodedPrompt]) -> list[Scored]:
    settings = {"temperature": 0.9, "micro_batch_tokens": 200}
    kept = score_responses(policy, prompts, IDS, keep=keep_likeliest(3), **settings)
    some = [one for one in kept if one is not None]
    again = score_responses(policy, prompts, IDS, keep=keep_entries_of(some), **settings)
    return [*some, *(one for one in again if one is not None)]


def test_scoring_is_beside_the_model(policy: Policy, prompts: list[EncodedPrompt]) -> None:
    expected = scored(policy, prompts)
    with ELSEWHERE:
        found = scored(policy, prompts)
    assert len(found) == len(expected) == 8
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.equal(ours.logprobs, theirs.logprobs)
        assert ours.support is not None
        assert theirs.support is not None
        assert all(torch.equal(a, b) for a, b in zip(ours.support, theirs.support, strict=True))


def test_logprobs_are_beside_the_model(policy: Policy, prompts: list[EncodedPrompt]) -> None:
    batch = ScoringBatch(prompts[1:3], [0, 0, 1, 1], IDS)
    expected = completion_logprobs(policy, batch, temperature=0.9)
    with ELSEWHERE:
        assert completion_logprobs(policy, batch, temperature=0.9) == expected


def test_sampling_is_beside_the_model(policy: Policy, prompts: list[EncodedPrompt]) -> None:
    asked = SamplingRequest(
        prompts[1:3], ["a", "b"], group_size=3, max_tokens=12, temperature=0.9, seed=3
    )
    for request in (asked, asked._replace(top_k=8, top_p=0.9), asked._replace(temperature=0)):
        expected = TransformersEngine().sample(policy, request)
        with ELSEWHERE:
            assert TransformersEngine().sample(policy, request) == expected


def test_an_update_runs_beside_the_model(policy: Policy) -> None:
    with ELSEWHERE:
        made = OneDevice().run(policy.model, lambda: torch.zeros(1))
    assert made.device.type == "cpu"


def test_the_declared_device() -> None:
    assert torch_device("cpu") == torch.device("cpu")
    found = torch.cuda.is_available()
    assert torch_device("auto").type == ("cuda" if found else "cpu")
    if not found:
        with pytest.raises(ConfigError, match=r"compute.device is `cuda`, and torch finds no CUDA"):
            torch_device("cuda")
