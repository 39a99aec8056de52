"""Scoring a table: the same numbers whatever is run together."""

import math
import random
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.models import logprobs
from rlsd_pipeline.models.logprobs import (
    EMPTY,
    ScoringBatch,
    Support,
    chosen_logprobs,
    completion_logprobs,
    likeliest,
    on_support,
    token_moments,
)
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.scoring import (
    Scored,
    Span,
    keep_entries_of,
    keep_likeliest,
    score_responses,
)

Naive = Callable[..., Tensor]


def logits_of(*rows: list[float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64).log()


def test_the_likeliest_entries() -> None:
    logits = logits_of([0.1, 0.2, 0.0, 0.7], [0.5, 0.3, 0.0, 0.2])
    assert likeliest(logits, 2).tolist() == [[3, 1], [0, 1]]
    # A token that cannot be is never among them.
    assert likeliest(logits, None).tolist() == [[3, 1, 0], [0, 1, 3]]
    assert likeliest(logits, 100).tolist() == [[3, 1, 0], [0, 1, 3]]
    assert likeliest(torch.zeros(0, 4), 2).shape == (0, 0)


def test_entries_and_the_rest() -> None:
    # Unnormalised on purpose: twice the probabilities 0.1, 0.2, 0, 0.7.
    support = on_support(logits_of([0.2, 0.4, 0.0, 1.4]), torch.tensor([[3, 0]]))
    assert support.ids.tolist() == [[3, 0]]
    assert support.logprobs.exp()[0].tolist() == pytest.approx([0.7, 0.1])
    assert support.tail.exp().item() == pytest.approx(0.2)


def test_moments_are_of_the_whole_vocabulary_and_leave_the_chosen_as_they_are() -> None:
    found = token_moments(
        logits_of([2.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]), torch.tensor([1, 0])
    )
    assert found.logprobs.exp().tolist() == pytest.approx([0.25, 1.0])
    # ½ ln 2 + 2 · ¼ ln 4, and ¼ + 2 · 1/16.
    assert found.entropy.tolist() == pytest.approx([1.5 * math.log(2), 0.0])
    assert found.squared_probs.tolist() == pytest.approx([0.375, 1.0])
    logits, ids = torch.randn(64, 501), torch.randint(501, (64,))
    assert torch.equal(token_moments(logits, ids).logprobs, chosen_logprobs(logits, ids))


def test_nothing_left_is_an_empty_bucket() -> None:
    support = on_support(logits_of([0.1, 0.2, 0.0, 0.7]), torch.tensor([[0, 1, 3]]))
    assert support.tail.tolist() == [EMPTY]
    impossible = on_support(logits_of([0.1, 0.2, 0.0, 0.7]), torch.tensor([[2]]))
    assert impossible.logprobs.tolist() == [[EMPTY]]
    assert impossible.tail.item() == pytest.approx(0.0)


def test_a_small_rest_is_not_rounded_away() -> None:
    """One minus the entries would be 0, or negative."""
    logits = torch.tensor([[0.0, -30.0, -31.0]])
    support = on_support(logits, torch.tensor([[0]]))
    # log(e^-30 + e^-31) = -30 + log(1 + 1/e).
    assert support.tail.item() == pytest.approx(-29.686738, abs=1e-5)
    assert (1 - support.logprobs.exp()).item() == 0.0


def test_a_support_has_no_gradient_where_nothing_is() -> None:
    logits = torch.tensor([[0.0, 1.0, float("-inf")]], requires_grad=True)
    support = on_support(logits, torch.tensor([[0, 1]]))
    (support.logprobs.sum() + support.tail.sum()).backward()
    assert logits.grad is not None
    # 1 - 2 softmax for the two entries; the empty bucket and the impossible token add nothing.
    share = torch.tensor([0.0, 1.0]).softmax(-1)
    assert logits.grad[0].tolist() == pytest.approx([*(1 - 2 * share).tolist(), 0.0])


@pytest.fixture(scope="module")
def table(
    vision_policy: Policy, png: Callable[..., bytes], response_tokens: list[int]
) -> tuple[list[EncodedPrompt], list[list[int]]]:
    """Nine responses of one to seven tokens to three prompts, prompts and lengths mixed."""
    rng = random.Random(0)
    prompts = [
        vision_policy.encode("is there a red circle?", [png()]),
        vision_policy.encode("what colour?"),
        vision_policy.encode("shape? " * 5, [png(96, 32), png(seed=1)]),
    ]
    owners = [0, 1, 0, 2, 2, 1, 0, 2, 1]
    completions = [rng.choices(response_tokens, k=rng.randint(1, 7)) for _ in owners]
    return [prompts[owner] for owner in owners], completions


def score(
    policy: Policy,
    prompts: Sequence[EncodedPrompt | None],
    completions: Sequence[Sequence[int]],
    micro_batch_tokens: int = 200,
    **options: object,
) -> list[Scored | None]:
    return score_responses(
        policy,
        prompts,
        completions,
        temperature=0.7,
        micro_batch_tokens=micro_batch_tokens,
        **options,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("micro_batch_tokens", [1, 100, 333, 2**20])
def test_scores_are_those_of_each_response_alone(
    vision_policy: Policy, table: tuple[list, list], micro_batch_tokens: int
) -> None:
    found = score(vision_policy, *table, micro_batch_tokens)
    for prompt, ids, scored in zip(*table, found, strict=True):
        batch = ScoringBatch([prompt], [0], [ids])
        (expected,) = completion_logprobs(vision_policy, batch, temperature=0.7)
        assert scored is not None
        assert scored.support is None
        assert scored.logprobs.tolist() == pytest.approx(expected, abs=1e-5)
        assert not scored.logprobs.requires_grad


def test_order_and_left_out_responses_change_nothing(
    vision_policy: Policy, table: tuple[list, list]
) -> None:
    prompts, completions = table
    straight = score(vision_policy, prompts, completions)
    order = list(range(9))
    random.Random(1).shuffle(order)
    left_out = {2, 3, 7}
    found = score(
        vision_policy,
        [None if row in left_out else prompts[row] for row in order],
        [completions[row] for row in order],
    )
    for row, scored in zip(order, found, strict=True):
        expected = straight[row]
        assert expected is not None
        assert (scored is None) == (row in left_out)
        if scored is not None:
            torch.testing.assert_close(scored.logprobs, expected.logprobs, rtol=0, atol=1e-5)


def test_nothing_to_score(vision_policy: Policy) -> None:
    assert score(vision_policy, [], []) == []
    assert score(vision_policy, [None, None], [[40], [41, 42]]) == [None, None]


def test_what_is_kept_belongs_to_its_row(
    vision_policy: Policy, table: tuple[list, list], naive_distributions: Naive
) -> None:
    prompts, completions = table
    asked: list[int] = []

    def keep(logits: Tensor, spans: Sequence[Span]) -> Support:
        asked.extend(row for row, *_ in spans)
        assert len(logits) == sum(stop - start for _, start, stop in spans)
        assert all(span == (span.row, 0, len(completions[span.row])) for span in spans)
        return on_support(logits, likeliest(logits, 4))

    found = score(vision_policy, [*prompts[:4], None, *prompts[5:]], completions, keep=keep)
    assert sorted(asked) == [0, 1, 2, 3, 5, 6, 7, 8]
    for prompt, ids, scored in zip(prompts, completions, found, strict=True):
        if scored is None:
            continue
        assert scored.support is not None
        rows = naive_distributions(vision_policy, prompt, ids, 0.7)[:-1]
        expected = rows.topk(4, dim=-1)
        assert torch.equal(scored.support.ids, expected.indices)
        torch.testing.assert_close(scored.support.logprobs, expected.values, rtol=0, atol=1e-5)
        rest = (1 - expected.values.exp().sum(-1)).log()
        torch.testing.assert_close(scored.support.tail, rest, rtol=0, atol=1e-4)


def test_progress_counts_what_was_scored(vision_policy: Policy, table: tuple[list, list]) -> None:
    told: list[int] = []
    prompts, completions = table
    score(vision_policy, [None, *prompts[1:]], completions, 1, progress=told.append)
    # Nothing fits into a budget of one token, so every response is run alone.
    assert told == [1] * 8


def test_logits_are_made_some_tokens_at_a_time(
    vision_policy: Policy, table: tuple[list, list], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = score(vision_policy, *table, keep=keep_likeliest(5))
    vocabulary = vision_policy.model.get_output_embeddings().weight.shape[0]
    monkeypatch.setattr(logprobs, "LOGITS_AT_ONCE", 3 * vocabulary)
    monkeypatch.setattr(logprobs, "LEAST_TOKENS_AT_ONCE", 1)
    pieces = score(vision_policy, *table, keep=keep_likeliest(5))
    again = score(vision_policy, *table, keep=keep_entries_of(whole))
    for first, *others in zip(whole, pieces, again, strict=True):
        assert first is not None
        assert first.support is not None
        for other in others:
            assert other is not None
            assert other.support is not None
            torch.testing.assert_close(other.logprobs, first.logprobs, rtol=0, atol=1e-6)
            assert torch.equal(other.support.ids, first.support.ids)
            torch.testing.assert_close(other.support.tail, first.support.tail, rtol=0, atol=1e-5)
