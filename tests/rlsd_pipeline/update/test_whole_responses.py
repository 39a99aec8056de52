"""DAPO, GSPO, CISPO, FIPO and Dr. GRPO, against loops over tokens of a policy that has moved."""

import math
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.config.update import FutureKLConfig, UpdateConfig
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.update.policy_update import UpdateGroup, accumulate_gradients
from rlsd_pipeline.update.token_loss import Tokens
from rlsd_pipeline.update.whole_responses import after_moving, future_influence
from rlsd_pipeline.weighting.method import TokenStreams

TEMPERATURE = 0.8
CHOICES = {
    "dapo": UpdateConfig(denominator="token"),
    "gspo": UpdateConfig(clipping="sequence", clip_low=0.02, clip_high=0.03),
    "cispo": UpdateConfig(clipping="weight", denominator="token"),
    "fipo": UpdateConfig(future_kl=FutureKLConfig(half_life=2.0, below=0.2)),
    "dr_grpo": UpdateConfig(denominator="constant", response_tokens=7),
}


def influence(moves: Sequence[float], config: FutureKLConfig) -> list[float]:
    discount = 2 ** (-1 / config.half_life)
    found = []
    for start in range(len(moves)):
        later = sum(discount**n * move for n, move in enumerate(moves[start:]))
        found.append(min(max(math.exp(later), 1 - config.below), 1 + config.above))
    return found


def slow_loss(
    logprobs: Tensor, tokens: Tokens, config: UpdateConfig, responses: int, every: int
) -> Tensor:
    """Of one response: one token after the other; differentiable."""
    advantages = tokens.streams.token_advantages
    assert advantages is not None
    count, moves = len(logprobs), (logprobs - tokens.old_logprobs).tolist()
    factors = influence(moves, config.future_kl) if config.future_kl else [1.0] * count
    shares = {"sequence": 1 / count / responses, "token": 1 / every, "constant": 1 / responses / 7}
    total = torch.zeros(())
    for place, (logprob, move) in enumerate(zip(logprobs, moves, strict=True)):
        credit = advantages[place] * factors[place]
        value = sum(moves) / count if config.clipping == "sequence" else move
        ratio = (logprob - logprob.detach() + value).exp()
        bounded = ratio.clamp(1 - config.clip_low, 1 + config.clip_high)
        if config.clipping == "weight":
            gained = bounded.detach() * credit * logprob
        else:
            gained = torch.minimum(ratio * credit, bounded * credit)
        total = total - shares[config.denominator] * gained
    return total


def gradients(policy: Policy) -> dict[str, Tensor]:
    parts = policy.model.named_parameters()
    return {name: p.grad.clone() for name, p in parts if p.grad is not None}


@pytest.mark.parametrize("choice", CHOICES)
def test_gradient_equals_that_of_a_loop_over_tokens(
    build: Callable[[str], Policy],
    groups: list[UpdateGroup],
    naive_distributions: Callable[..., Tensor],
    choice: str,
) -> None:
    config, policy = CHOICES[choice], build("qwen3_vl")
    every = sum(len(ids) for group in groups for ids in group.completion_ids)
    responses, plain = sum(len(group.completion_ids) for group in groups), []
    for group in groups:
        start = 0
        for ids in group.completion_ids:
            tokens = group.tokens.at(slice(start, start + len(ids)))
            table = naive_distributions(policy, group.prompt, ids, TEMPERATURE)
            logprobs = table[range(len(ids)), list(ids)]
            slow_loss(logprobs, tokens, config, responses, every).backward()
            start += len(ids)
        streams = TokenStreams(token_advantages=group.tokens.streams.token_advantages)
        plain.append(group._replace(tokens=group.tokens._replace(streams=streams, teacher=None)))
    expected = gradients(policy)
    found = []
    for chosen in (config, UpdateConfig()):
        policy.model.zero_grad()
        accumulate_gradients(policy, plain, chosen, None, temperature=TEMPERATURE)
        found.append(gradients(policy))
    assert max((found[0][n] - expected[n]).abs().max().item() for n in expected) < 1e-6
    # After the policy has moved it is another update than the default one.
    norm = math.sqrt(sum(g.square().sum().item() for g in found[0].values()))
    apart = math.sqrt(sum((found[0][n] - g).square().sum().item() for n, g in found[1].items()))
    assert apart > 0.05 * norm


def test_before_the_policy_has_moved_nothing_changes() -> None:
    old, lengths = torch.tensor([-1.0, -2.0, -3.0]), torch.tensor([2, 1])
    tokens = Tokens(old, TokenStreams(torch.tensor([1.0, -2.0, 3.0])), teacher=None)
    config = UpdateConfig(clipping="sequence", future_kl=FutureKLConfig())
    found = after_moving(tokens, old, lengths, config)
    assert found.old_logprobs.tolist() == old.tolist()
    assert found.streams.token_advantages.tolist() == [1.0, -2.0, 3.0]


def test_what_comes_later_counts_by_half_after_a_half_life() -> None:
    moves, rows = torch.tensor([0.04, 0.08, 0.08, -0.5]), torch.tensor([0, 0, 0, 1])
    config = FutureKLConfig(half_life=1.0, below=0.9, above=9.0)
    found = future_influence(moves, rows, config)
    # .04 + .08/2 + .08/4, .08 + .08/2, .08; the other response begins anew.
    assert found.log().tolist() == pytest.approx([0.1, 0.12, 0.08, -0.5])
    assert future_influence(moves, rows, FutureKLConfig()).tolist()[3] == 1.0


def test_a_constant_denominator_is_given_with_what_it_divides_by() -> None:
    with pytest.raises(ValueError, match="set both"):
        UpdateConfig(denominator="constant")
    with pytest.raises(ValueError, match="set both"):
        UpdateConfig(response_tokens=8)


def test_the_choices_stand_in_no_identity_unless_they_are_made() -> None:
    new = {"clipping", "future_kl", "response_tokens"}
    assert not new & UpdateConfig().identity.keys()
    chosen = UpdateConfig(clipping="weight", future_kl=FutureKLConfig()).identity
    assert {"clipping", "future_kl"} <= chosen.keys()
