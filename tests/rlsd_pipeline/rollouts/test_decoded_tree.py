"""Responses that go on, against each of them drawn alone from whole rows."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.repeated import with_response
from rlsd_pipeline.rollouts.decoded_batch import uniforms
from rlsd_pipeline.rollouts.decoded_tree import decode_tree
from rlsd_pipeline.rollouts.engine import Completion, SamplingRequest
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from schemas import FinishReason

Naive = Callable[..., Tensor]

GROUP, MOST, TEMPERATURE, SEED = 6, 7, 0.4, 11
PREFIXES = ((0, ()), (1, (40, 41)), (0, (40,)), (0, (40, 41, 40)), (1, ()), (0, (42,)))
"""Prompt and first tokens: some states lie on the way from others."""


@pytest.fixture
def prompts(vision_policy: Policy, png: Callable[..., bytes]) -> list[EncodedPrompt]:
    return [
        vision_policy.encode("is there a red circle?", [png()]),
        vision_policy.encode("what colour is it?"),
    ]


@pytest.fixture
def asked(prompts: list[EncodedPrompt]) -> SamplingRequest:
    return SamplingRequest(
        prompts=[with_response(prompts[owner], prefix) for owner, prefix in PREFIXES],
        keys=[str(number) for number in range(len(PREFIXES))],
        group_size=GROUP,
        max_tokens=MOST,
        temperature=TEMPERATURE,
        seed=SEED,
        begun=[len(prefix) for _, prefix in PREFIXES],
    )


def drawn_alone(policy: Policy, naive: Naive, asked: SamplingRequest, row: int) -> list[Completion]:
    """The continuations of one state, token by token, prompt and response run anew each time."""
    prompt, budget = asked.prompts[row], asked.budgets[row]
    noise = uniforms(SEED, asked.keys[row], 0, GROUP * budget).reshape(GROUP, budget)
    found = []
    for numbers in noise:
        ids: list[int] = []
        logprobs: list[float] = []
        while len(ids) < budget and not set(ids) & set(policy.end_token_ids):
            with torch.no_grad():
                last = naive(policy, prompt, ids)[-1].double()
            likely = (last / TEMPERATURE).log_softmax(-1)
            below = likely.exp().cumsum(-1)
            ids.append(int((below <= numbers[len(ids)]).sum()))
            logprobs.append(likely[ids[-1]].item())
        ended = ids[-1] in policy.end_token_ids
        found.append(Completion(ids, logprobs, FinishReason.STOP if ended else FinishReason.LENGTH))
    return found


@pytest.mark.parametrize("shares", [True, False])
def test_each_continuation_is_that_of_its_state_alone(
    vision_policy: Policy,
    asked: SamplingRequest,
    naive_distributions: Naive,
    monkeypatch: pytest.MonkeyPatch,
    shares: bool,
) -> None:
    monkeypatch.setitem(vision_policy.__dict__, "shares_prefix", shares)
    configuration = vision_policy.model.generation_config
    monkeypatch.setattr(configuration, "eos_token_id", [2, *range(45, 120)])
    vision_policy.__dict__.pop("end_token_ids", None)
    told: list[int] = []
    found = TransformersEngine().sample(vision_policy, asked, told.append)
    for row in range(len(PREFIXES)):
        expected = drawn_alone(vision_policy, naive_distributions, asked, row)
        for one, alone in zip(found[row * GROUP : (row + 1) * GROUP], expected, strict=True):
            assert one.completion_ids == alone.completion_ids
            assert one.finish_reason is alone.finish_reason
            assert one.rollout_logprobs == pytest.approx(alone.rollout_logprobs, abs=1e-5)
    assert {one.finish_reason for one in found} == set(FinishReason)
    assert sum(told) == sum(len(one.completion_ids) for one in found)
    vision_policy.__dict__.pop("end_token_ids", None)


def test_what_is_common_is_run_once(
    vision_policy: Policy, prompts: list[EncodedPrompt], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Greedy continuations of a response's own states all walk along it."""
    (whole,) = decode_tree(
        vision_policy, SamplingRequest(prompts[:1], ["a"], 1, MOST, 0.0, SEED, begun=[0]), None
    )
    ids = whole.completion_ids
    states = [with_response(prompts[0], ids[:count]) for count in range(len(ids))]
    rows: list[int] = []
    from rlsd_pipeline.rollouts import decoding

    append = decoding.SharedRows.append

    def counted(self: decoding.SharedRows, tokens: Tensor) -> None:
        rows.append(len(tokens))
        append(self, tokens)

    monkeypatch.setattr(decoding.SharedRows, "append", counted)
    keys, begun = [str(count) for count in range(len(ids))], list(range(len(ids)))
    asked = SamplingRequest(states, keys, GROUP, MOST, 0.0, SEED, begun=begun)
    for count, one in enumerate(decode_tree(vision_policy, asked, None)):
        assert one.completion_ids == ids[count // GROUP :]
    assert rows == [1] * (len(ids) - 1)
