"""Responses that share their prompt's pass, against the prompt run again for each of them."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import MambaConfig, MambaForCausalLM, PreTrainedTokenizerFast

from rlsd_pipeline.models.logprobs import ScoringBatch, flat_completion_logprobs
from rlsd_pipeline.models.policy import EncodedPrompt, Policy

Png = Callable[..., bytes]

WORDS = ["is", "there", "a", "red", "circle", "in", "the", "image?", "square", "no"]


class Case(NamedTuple):
    """What is drawn: images and words of each prompt, tokens of each response."""

    prompts: list[tuple[list[tuple[int, int]], list[str]]]
    responses: list[tuple[int, list[int]]]


@st.composite
def cases(draw: st.DrawFn, images: int) -> Case:
    sizes = st.tuples(st.sampled_from([32, 64, 96]), st.sampled_from([32, 64, 128]))
    prompt = st.tuples(
        st.lists(sizes, max_size=images), st.lists(st.sampled_from(WORDS), min_size=1, max_size=12)
    )
    prompts = draw(st.lists(prompt, min_size=1, max_size=3))
    # The end token is 0 and may stand anywhere.
    tokens = st.lists(st.integers(30, 250) | st.just(0), max_size=7)
    owner = st.integers(0, len(prompts) - 1)
    responses = draw(st.lists(st.tuples(owner, tokens), min_size=1, max_size=7))
    return Case(prompts, responses)


def outcome(policy: Policy, case: Case, png: Png) -> tuple[Tensor, dict[str, Tensor]]:
    """Log-probabilities, and the gradient of a sum of them with unequal weights."""
    prompts: list[EncodedPrompt] = [
        policy.encode(" ".join(words), [png(*size) for size in sizes])
        for sizes, words in case.prompts
    ]
    end = policy.tokenizer.eos_token_id
    ids = [[token or end for token in tokens] for _, tokens in case.responses]
    batch = ScoringBatch(prompts, [owner for owner, _ in case.responses], ids)
    policy.model.zero_grad(set_to_none=True)
    logprobs = flat_completion_logprobs(policy, batch, 0.7)
    (logprobs * torch.linspace(0.5, 1.5, len(logprobs))).sum().backward()
    gradients = {
        name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
        for name, p in policy.model.named_parameters()
    }
    return logprobs.detach(), gradients


def assert_equal(first: tuple[Tensor, dict], second: tuple[Tensor, dict]) -> None:
    torch.testing.assert_close(first[0], second[0], rtol=0, atol=1e-5)
    scale = max((value.norm().item() for value in second[1].values()), default=0.0)
    for name, value in first[1].items():
        distance = (value - second[1][name]).norm().item()
        # A gradient that is zero but for rounding has no relative error.
        assert distance <= 1e-4 * max(second[1][name].norm().item(), 1e-3 * scale), name


@pytest.fixture(scope="module")
def models(build: Callable[[str], Policy]) -> dict[str, Policy]:
    return {name: build(name) for name in ("qwen3_vl", "qwen3", "llama")}


@pytest.mark.parametrize("name", ["qwen3_vl", "qwen3", "llama"])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_shared_and_repeated_forms_agree(
    models: dict[str, Policy], png: Png, name: str, data: st.DataObject
) -> None:
    policy = models[name]
    case = data.draw(cases(images=2 if name == "qwen3_vl" else 0))
    assert policy.shares_prefix
    shared = outcome(policy, case, png)
    policy.shares_prefix = False
    try:
        repeated = outcome(policy, case, png)
    finally:
        policy.shares_prefix = True
    assert_equal(shared, repeated)


def small(tokenizer: PreTrainedTokenizerFast, **more: object) -> dict[str, object]:
    return {"vocab_size": len(tokenizer), "hidden_size": 16, "num_hidden_layers": 2, **more}


def test_a_model_that_cannot_share_says_so_once_and_scores_alike(
    tokenizer: PreTrainedTokenizerFast, png: Png
) -> None:
    torch.manual_seed(0)
    model = MambaForCausalLM(MambaConfig(**small(tokenizer, state_size=4)))
    policy = Policy(model.eval(), tokenizer)
    case = Case([([], WORDS), ([], ["a"])], [(0, [40, 41, 42]), (1, [50]), (1, []), (0, [43, 0])])
    with pytest.warns(UserWarning, match="run again for each response"):
        together, _ = outcome(policy, case, png)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome(policy, case, png)
    # By hand: each response alone after its prompt, through the whole model.
    end, expected = tokenizer.eos_token_id, []
    for owner, tokens in case.responses:
        prompt = policy.encode(" ".join(case.prompts[owner][1])).prompt_ids
        ids = [token or end for token in tokens]
        logits = model(torch.tensor([[*prompt, *ids]])).logits[0] / 0.7
        logits[:, list(policy.suppressed_token_ids)] = float("-inf")
        rows = logits.log_softmax(-1)[len(prompt) - 1 :]
        expected += [rows[place, token].item() for place, token in enumerate(ids)]
    assert together.tolist() == pytest.approx(expected, abs=1e-5)
