import math

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from rlsd_pipeline.update.policy_loss import clipped_policy_loss, token_shares

CLIP = {"clip_low": 0.2, "clip_high": 0.28}


def by_hand(ratio: Tensor, advantage: float, share: float, dual_clip: float | None) -> Tensor:
    """One token's loss, written as cases; differentiable."""
    used = ratio
    if advantage >= 0 and ratio.item() > 1.28:
        used = ratio.new_tensor(1.28)
    if advantage < 0 and ratio.item() < 0.8:
        used = ratio.new_tensor(0.8)
    if advantage < 0 and dual_clip is not None and ratio.item() > dual_clip:
        used = ratio.new_tensor(dual_clip)
    return -used * advantage * share


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "gradient", "clipped"),
    [
        # A > 0, ρ too large: min(1.5, 1.28) = 1.28, and the constant has no gradient.
        (1.5, 1.0, -1.28, 0.0, True),
        # A > 0, ρ too small: min(0.5, 0.8) = 0.5; d(-ρ A)/d log π = -ρ A = -0.5.
        (0.5, 1.0, -0.5, -0.5, False),
        # A < 0, ρ too large: min(-1.5, -1.28) = -1.5; the gradient is +1.5.
        (1.5, -1.0, 1.5, 1.5, False),
        # A < 0, ρ too small: min(-0.5, -0.8) = -0.8, no gradient.
        (0.5, -1.0, 0.8, 0.0, True),
        # Within the interval nothing is cut: 1.1 * 2 = 2.2.
        (1.1, 2.0, -2.2, -2.2, False),
        # The interval is wider above: 1.25 is cut by neither side, 0.79 is.
        (1.25, 1.0, -1.25, -1.25, False),
        (0.79, -1.0, 0.8, 0.0, True),
        (1.0, 0.0, 0.0, 0.0, False),
    ],
)
def test_sign_and_ratio(
    ratio: float, advantage: float, loss: float, gradient: float, clipped: bool
) -> None:
    policy = torch.tensor([math.log(ratio) - 2.0], dtype=torch.float64, requires_grad=True)
    old = torch.tensor([-2.0], dtype=torch.float64)
    found = clipped_policy_loss(policy, old, torch.tensor([advantage]), torch.ones(1), **CLIP)
    found.loss.backward()
    assert found.loss.item() == pytest.approx(loss)
    assert policy.grad is not None
    assert policy.grad.item() == pytest.approx(gradient)
    assert found.ratio.item() == pytest.approx(ratio)
    assert not found.ratio.requires_grad
    assert found.clipped.tolist() == [clipped]


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "gradient", "clipped"),
    [
        (4.0, -2.0, 6.0, 0.0, True),  # -(3 * -2) in place of -(4 * -2).
        (2.0, -2.0, 4.0, 4.0, False),  # Below the bound.
        (4.0, 2.0, -2.56, 0.0, True),  # Positive: the ordinary clip, -(1.28 * 2).
        (0.5, -2.0, 1.6, 0.0, True),  # The ordinary clip, -(0.8 * -2).
    ],
)
def test_dual_clip(
    ratio: float, advantage: float, loss: float, gradient: float, clipped: bool
) -> None:
    policy = torch.tensor([math.log(ratio)], dtype=torch.float64, requires_grad=True)
    found = clipped_policy_loss(
        policy, torch.zeros(1), torch.tensor([advantage]), torch.ones(1), **CLIP, dual_clip=3.0
    )
    found.loss.backward()
    assert found.loss.item() == pytest.approx(loss)
    assert policy.grad is not None
    assert policy.grad.item() == pytest.approx(gradient)
    assert found.clipped.tolist() == [clipped]


def test_four_tokens_in_one_mean() -> None:
    ratios = torch.tensor([1.5, 0.5, 1.5, 0.5]).log()
    advantages = torch.tensor([1.0, 1.0, -1.0, -1.0])
    found = clipped_policy_loss(ratios, torch.zeros(4), advantages, torch.full((4,), 0.25), **CLIP)
    # -(1.28 + 0.5 - 1.5 - 0.8) / 4 = 0.52 / 4.
    assert found.loss.item() == pytest.approx(0.13)
    assert found.clipped.tolist() == [True, False, False, True]


def test_shares_by_sequence() -> None:
    # Two responses: 1 / (2 * 3) for each of three tokens, 1 / (2 * 1) for the one.
    shares = token_shares(torch.tensor([3, 1]), "sequence")
    assert shares.tolist() == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_shares_by_token() -> None:
    assert token_shares(torch.tensor([3, 1]), "token").tolist() == [0.25, 0.25, 0.25, 0.25]


def test_shares_by_learnt_token() -> None:
    """A masked response counts neither above nor below, as in SDPO's repository."""
    learnt = torch.tensor([True, True, True, False])
    shares = token_shares(torch.tensor([3, 1]), "learnt_token", learnt)
    assert shares.tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])
    nothing = token_shares(torch.tensor([1, 1]), "learnt_token", torch.tensor([False, False]))
    assert nothing.tolist() == [0, 0]
    with pytest.raises(ValueError, match="needs to know which"):
        token_shares(torch.tensor([1]), "learnt_token")


def test_an_empty_response_counts_as_one_in_the_sequence_mean_only() -> None:
    lengths = torch.tensor([2, 0, 1])
    # Three responses: 1 / (3 * 2) twice, nothing, 1 / (3 * 1).
    sequence = token_shares(lengths, "sequence").tolist()
    assert sequence == pytest.approx([1 / 6, 1 / 6, 1 / 3])
    assert token_shares(lengths, "token").tolist() == pytest.approx([1 / 3] * 3)
    for denominator in ("sequence", "token"):
        assert token_shares(torch.tensor([0, 0]), denominator).tolist() == []  # type: ignore[arg-type]


def test_the_two_denominators_differ_as_they_should() -> None:
    policy = torch.zeros(4)
    advantages = torch.tensor([1.0, 1.0, 1.0, -1.0])
    losses = [
        clipped_policy_loss(
            policy, policy, advantages, token_shares(torch.tensor([3, 1]), name), **CLIP
        ).loss.item()
        for name in ("sequence", "token")
    ]
    # By sequence: -((1 + 1 + 1) / 3 - 1) / 2 = 0; by token: -(1 + 1 + 1 - 1) / 4 = -0.5.
    assert losses == pytest.approx([0.0, -0.5], abs=1e-7)


@st.composite
def tokens(draw: st.DrawFn) -> tuple[list[float], list[float], list[float], float | None]:
    count = draw(st.integers(1, 6))
    each = {"min_size": count, "max_size": count}
    ratios = draw(st.lists(st.floats(0.1, 6), **each))
    dual_clip = draw(st.sampled_from([None, 1.5, 3.0]))
    # No derivative exists at the corners.
    corners = [0.8, 1.28, 1.5, 3.0]
    assume(all(abs(ratio - corner) > 1e-3 for ratio in ratios for corner in corners))
    advantages = draw(st.lists(st.floats(-3, 3), **each))
    shares = draw(st.lists(st.floats(0, 1), **each))
    return ratios, advantages, shares, dual_clip


@given(tokens())
def test_loss_and_gradient_equal_the_cases_by_hand(
    case: tuple[list[float], list[float], list[float], float | None],
) -> None:
    ratios, advantages, shares, dual_clip = case
    old = torch.linspace(-3, -1, len(ratios), dtype=torch.float64)
    policy = (old + torch.tensor(ratios, dtype=torch.float64).log()).requires_grad_()
    credit = torch.tensor(advantages, dtype=torch.float64)
    weights = torch.tensor(shares, dtype=torch.float64)

    def loss(logprobs: Tensor) -> Tensor:
        options = {**CLIP, "dual_clip": dual_clip}
        return clipped_policy_loss(logprobs, old, credit, weights, **options).loss

    expected = sum(
        by_hand((policy[i] - old[i]).exp(), advantages[i], shares[i], dual_clip)
        for i in range(len(ratios))
    )
    (right,) = torch.autograd.grad(expected + 0 * policy.sum(), policy)
    (found,) = torch.autograd.grad(loss(policy), policy)
    assert loss(policy).item() == pytest.approx(expected.item(), abs=1e-9)
    torch.testing.assert_close(found, right, rtol=1e-9, atol=1e-9)
    # Central differences: nothing but the loss itself.
    step = 1e-5
    for place in range(len(ratios)):
        shift = torch.zeros_like(old)
        shift[place] = step
        with torch.no_grad():
            slope = (loss(policy + shift) - loss(policy - shift)) / (2 * step)
        assert found[place].item() == pytest.approx(slope.item(), abs=1e-6)
