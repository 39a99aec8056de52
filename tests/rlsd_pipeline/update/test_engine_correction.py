"""Truncated importance sampling between engines, by hand."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.divergences.forward_kl import ForwardKL
from rlsd_pipeline.models.logprobs import on_support
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.update.engine_correction import engine_metrics, engine_ratios, engine_weights
from rlsd_pipeline.update.policy_update import (
    UpdateGroup,
    accumulate_gradients,
    make_optimizer,
    update_policy,
)
from rlsd_pipeline.update.token_loss import TokenLoss, Tokens, token_loss
from rlsd_pipeline.weighting.method import TokenStreams


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


# Probabilities 1/2, 1/5, 9/10 as scored, 1/4, 2/5, 9/10 as sampled.
RATIOS = engine_ratios(numbers(0.5, 0.2, 0.9).log(), numbers(0.25, 0.4, 0.9).log())


def test_ratios_and_weights() -> None:
    assert RATIOS.tolist() == pytest.approx([2, 0.5, 1])
    assert engine_weights(RATIOS, 1.5).tolist() == pytest.approx([1.5, 0.5, 1])


def test_a_token_that_the_sampler_thought_impossible_stays_finite() -> None:
    assert engine_ratios(torch.tensor([0.0]), torch.tensor([-500.0])).isfinite().all()


def test_metrics() -> None:
    # (1.5 + 0.5 + 1)² / (3 (2.25 + 0.25 + 1)) = 9 / 10.5.
    assert engine_metrics(RATIOS, 1.5) == {
        "engine_ratio_mean": pytest.approx(3.5 / 3),
        "engine_ratio_max": pytest.approx(2.0),
        "engine_effective_sample_size": pytest.approx(6 / 7),
    }
    # (2 + 0.5 + 1)² / (3 (4 + 0.25 + 1)) = 12.25 / 15.75.
    uncapped = engine_metrics(RATIOS, None)
    assert uncapped["engine_effective_sample_size"] == pytest.approx(7 / 9)
    assert engine_metrics(torch.ones(5), 2.0)["engine_effective_sample_size"] == 1.0
    assert engine_metrics(torch.ones(0), 2.0) == {}


def loss(streams: TokenStreams, ratios: Tensor | None, cap: float | None = 1.5) -> TokenLoss:
    """Three tokens of one half each, equally weighed, whose teacher is sure of the first entry."""
    logits = numbers(0.5, 0.5).log().expand(3, 2)
    teacher = on_support(numbers(0.9, 0.1).log().expand(3, 2), torch.tensor([[0]] * 3))
    tokens = Tokens(numbers(0.5, 0.5, 0.5).log(), streams, teacher, ratios)
    config = UpdateConfig(engine_ratio_cap=cap)
    shares, chosen = numbers(1, 1, 1) / 3, torch.tensor([0, 1, 0])
    return token_loss(logits, chosen, tokens, shares, config, ForwardKL())


FAR = 0.9 * math.log(1.8) + 0.1 * math.log(0.2)


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        # -(1.5 * 1 - 0.5 * 1 + 1 * 2) / 3
        (TokenStreams(token_advantages=numbers(1, -1, 2)), -1.0),
        # (1.5 * 2 + 0.5 * 0 + 1 * 1) / 3 times the divergence
        (TokenStreams(distillation_weights=numbers(2, 0, 1)), 4 / 3 * FAR),
        # (1.5 * 0 + 0.5 * 2 + 1 * 1) / 3 times ln 2
        (TokenStreams(nll_weights=numbers(0, 2, 1)), 2 / 3 * math.log(2)),
    ],
    ids=["policy gradient", "distillation", "likelihood"],
)
def test_every_component_is_weighed_token_by_token(streams: TokenStreams, expected: float) -> None:
    assert loss(streams, RATIOS).loss.item() == pytest.approx(expected)


def test_no_cap_leaves_the_loss_as_it_is() -> None:
    streams = TokenStreams(token_advantages=numbers(1, -1, 2))
    assert loss(streams, RATIOS, cap=None).loss == loss(streams, None).loss
    assert loss(streams, None).loss.item() == pytest.approx(-2 / 3)


def corrected(group: UpdateGroup, ratios: Tensor) -> UpdateGroup:
    return group._replace(tokens=group.tokens._replace(engine_ratios=ratios))


def test_the_weights_stay_with_their_tokens_in_micro_batches(
    groups: list[UpdateGroup], build: Callable[[str], Policy]
) -> None:
    """A weight is a factor of the streams, so both ways to apply it give one gradient."""
    noise = torch.Generator().manual_seed(3)
    config = UpdateConfig(engine_ratio_cap=2.0, micro_batch_tokens=200)
    weighed, scaled = [], []
    for group in groups:
        ratios = 0.2 + 3 * torch.rand(len(group.tokens.old_logprobs), generator=noise)
        streams = (
            None if stream is None else stream * ratios.clamp(max=2.0)
            for stream in group.tokens.streams
        )
        by_hand = group.tokens._replace(streams=TokenStreams(*streams))
        weighed.append(corrected(group, ratios))
        scaled.append(group._replace(tokens=by_hand))
    gradients = []
    for table in (weighed, scaled):
        policy = build("qwen3_vl")
        accumulate_gradients(policy, table, config, ForwardKL(), temperature=0.8)
        gradients.append([p.grad for p in policy.model.parameters() if p.grad is not None])
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_metrics_are_those_of_the_whole_table(
    groups: list[UpdateGroup], build: Callable[[str], Policy]
) -> None:
    policy = build("qwen3_vl")
    config = UpdateConfig(prompts_per_step=1)
    table = [
        corrected(group, torch.full((len(group.tokens.old_logprobs),), 1.0 + index))
        for index, group in enumerate(groups[:2])
    ]
    one, two = (len(group.tokens.old_logprobs) for group in table)
    optimizer = make_optimizer(policy, config)
    found = update_policy(
        policy, optimizer, table, config, temperature=0.8, seed=0, divergence=ForwardKL()
    )
    assert found["engine_ratio_max"] == 2.0
    assert found["engine_ratio_mean"] == pytest.approx((one + 2 * two) / (one + two))
    size = (one + 2 * two) ** 2 / ((one + two) * (one + 4 * two))
    assert found["engine_effective_sample_size"] == pytest.approx(size)
    plain = update_policy(
        policy, optimizer, groups[:2], config, temperature=0.8, seed=0, divergence=ForwardKL()
    )
    assert not [name for name in plain if name.startswith("engine")]
