from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from rlsd_pipeline.models.logprobs import (
    ScoringBatch,
    completion_logprobs,
    flat_completion_logprobs,
    next_token_logits,
)
from rlsd_pipeline.models.policy import EncodedPrompt, Policy

Naive = Callable[..., Tensor]
Build = Callable[[str], Policy]

TEXT = "is there a red circle in the image what colour does it contain no triangle"
SIZES = [(64, 64), (96, 32), (32, 96), (128, 64)]
END = 2


class Group(NamedTuple):
    """A prompt by its words and the sizes of its images, and its responses."""

    words: int
    images: tuple[int, ...]
    completions: list[list[int]]


COMPLETION = st.lists(st.integers(7, 295) | st.just(END), max_size=7)
GROUPS = st.lists(
    st.builds(
        Group,
        st.integers(1, 14),
        st.lists(st.integers(0, len(SIZES) - 1), max_size=2).map(tuple),
        st.lists(COMPLETION, max_size=4),
    ),
    min_size=1,
    max_size=3,
)
HARD = [
    Group(3, (0, 1), [[], [END], [40, END, 41, 42], [50]]),
    Group(14, (), [[60, 61, 62, 63, 64, 65, 66]]),
    Group(1, (2,), []),
]


def scoring(
    policy: Policy, groups: Sequence[Group], png: Callable[..., bytes], *, images: bool = True
) -> ScoringBatch:
    prompts = [
        policy.encode(
            " ".join(TEXT.split()[: group.words]),
            [png(*SIZES[size], seed=size) for size in group.images] if images else [],
        )
        for group in groups
    ]
    return ScoringBatch(
        prompts=prompts,
        owners=[index for index, group in enumerate(groups) for _ in group.completions],
        completion_ids=[ids for group in groups for ids in group.completions],
    )


def one_by_one(naive: Naive, policy: Policy, batch: ScoringBatch, temperature: float) -> Tensor:
    rows = [
        naive(policy, batch.prompts[owner], ids, temperature)
        for owner, ids in zip(batch.owners, batch.completion_ids, strict=True)
    ]
    return torch.cat(rows) if rows else torch.zeros(0)


def gradients(policy: Policy, logprobs: Tensor) -> dict[str, Tensor]:
    """Of a sum in which every token has a weight of its own."""
    weights = torch.linspace(-1, 2, len(logprobs)) if len(logprobs) else torch.zeros(0)
    named = dict(policy.model.named_parameters())
    found = torch.autograd.grad((weights * logprobs).sum(), list(named.values()), allow_unused=True)
    return {
        name: torch.zeros_like(parameter) if gradient is None else gradient
        for (name, parameter), gradient in zip(named.items(), found, strict=True)
    }


def largest_relative_difference(first: dict[str, Tensor], second: dict[str, Tensor]) -> float:
    """Of one parameter; a gradient that is 0 but for rounding is measured against all of them."""
    whole = sum(gradient.square().sum().item() for gradient in second.values()) ** 0.5
    return max(
        (first[name] - second[name]).norm().item()
        / max(second[name].norm().item(), 1e-2 * whole, 1e-12)
        for name in second
    )


@settings(max_examples=60)
@given(GROUPS, st.sampled_from([1.0, 0.7]))
@example(HARD, 1.0)
@example([Group(2, (0,), [[], []])], 1.0)
@example([Group(2, (0,), [[9]])], 1.0)
def test_shared_prompts_equal_whole_rows(
    vision_policy: Policy,
    naive_logprobs: Naive,
    png: Callable[..., bytes],
    groups: list[Group],
    temperature: float,
) -> None:
    batch = scoring(vision_policy, groups, png)
    if not batch.completion_ids:
        return
    found = flat_completion_logprobs(vision_policy, batch, temperature)
    expected = one_by_one(naive_logprobs, vision_policy, batch, temperature)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    if len(found):
        difference = largest_relative_difference(
            gradients(vision_policy, found), gradients(vision_policy, expected)
        )
        assert difference < 1e-4


@settings(max_examples=30)
@given(GROUPS)
@example(HARD)
def test_shared_prompts_of_a_text_model(
    text_policy: Policy,
    naive_logprobs: Naive,
    png: Callable[..., bytes],
    groups: list[Group],
) -> None:
    batch = scoring(text_policy, groups, png, images=False)
    if not batch.completion_ids:
        return
    found = flat_completion_logprobs(text_policy, batch, 1.0)
    expected = one_by_one(naive_logprobs, text_policy, batch, 1.0)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    if len(found):
        difference = largest_relative_difference(
            gradients(text_policy, found), gradients(text_policy, expected)
        )
        assert difference < 1e-4


def test_every_image_counts(vision_policy: Policy, png: Callable[..., bytes]) -> None:
    """The comparison above would hold as well for a model that is blind."""
    first = vision_policy.encode("what colour?", [png(seed=0), png(seed=1)])
    second = vision_policy.encode("what colour?", [png(seed=0), png(seed=2)])
    scores = [
        completion_logprobs(vision_policy, ScoringBatch([prompt], [0], [[40, 41]]))
        for prompt in (first, second)
    ]
    assert abs(scores[0][0][0] - scores[1][0][0]) > 1e-3
    assert abs(scores[0][0][1] - scores[1][0][1]) > 1e-3


def test_neither_order_nor_padding_matters(
    vision_policy: Policy, png: Callable[..., bytes]
) -> None:
    batch = scoring(vision_policy, HARD, png)
    straight = completion_logprobs(vision_policy, batch)
    prompts = [2, 0, 1]
    rows = [3, 4, 0, 2, 1]
    shuffled = ScoringBatch(
        prompts=[batch.prompts[i] for i in prompts],
        owners=[prompts.index(batch.owners[row]) for row in rows],
        completion_ids=[batch.completion_ids[row] for row in rows],
    )
    for row, values in zip(rows, completion_logprobs(vision_policy, shuffled), strict=True):
        assert values == pytest.approx(straight[row], abs=1e-5)
    for row, (owner, ids) in enumerate(zip(batch.owners, batch.completion_ids, strict=True)):
        alone = ScoringBatch([batch.prompts[owner]], [0], [ids])
        assert completion_logprobs(vision_policy, alone)[0] == pytest.approx(
            straight[row], abs=1e-5
        )


def test_rows_come_back_as_long_as_the_responses(
    vision_policy: Policy, png: Callable[..., bytes]
) -> None:
    found = completion_logprobs(vision_policy, scoring(vision_policy, HARD, png))
    assert [len(row) for row in found] == [0, 1, 4, 1, 7]


@pytest.mark.parametrize("name", ["qwen3_vl", "llama"])
def test_suppressed_tokens_have_no_probability(build: Build, name: str) -> None:
    policy = build(name)
    hidden = torch.randn(3, 32, generator=torch.Generator().manual_seed(0))
    logits = next_token_logits(policy, hidden, 0.5)
    placeholders = policy.tokenizer.convert_tokens_to_ids(
        ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    )
    assert torch.equal(logits[:, placeholders], torch.full((3, 4), float("-inf")))
    others = [i for i in range(logits.shape[1]) if i not in placeholders]
    plain = hidden @ policy.model.get_output_embeddings().weight.T
    torch.testing.assert_close(logits[:, others], 2 * plain[:, others])


def test_scoring_a_suppressed_token_says_it_cannot_be(vision_policy: Policy) -> None:
    image_pad = vision_policy.tokenizer.convert_tokens_to_ids("<|image_pad|>")
    prompt: EncodedPrompt = vision_policy.encode("what colour?")
    found = completion_logprobs(vision_policy, ScoringBatch([prompt], [0], [[image_pad]]))
    assert found == [[float("-inf")]]
