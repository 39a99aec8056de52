import math

import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from torch import Tensor

from rlsd_pipeline.weighting.rlsd import evidence_weights, rlsd_token_advantages

# Away from 0, where a product of two float32 could vanish.
ADVANTAGE = st.floats(-5, 5, width=32).filter(lambda a: a == 0 or abs(a) > 1e-6)
GAIN = st.one_of(st.floats(-3, 3, width=32), st.sampled_from([0.0, 1e4, -1e4, math.inf, -math.inf]))
SHARE = st.floats(0, 1)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor]:
    """Advantages `[rollouts, 1]`, information gain and mask `[rollouts, tokens]`.

    The padding holds whatever a table may hold.
    """
    rollouts, tokens = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    advantages = torch.tensor(draw(st.lists(ADVANTAGE, min_size=rollouts, max_size=rollouts)))
    cells = rollouts * tokens
    gain = torch.tensor(draw(st.lists(GAIN, min_size=cells, max_size=cells)))
    lengths = torch.tensor(
        draw(st.lists(st.integers(0, tokens), min_size=rollouts, max_size=rollouts))
    )
    mask = torch.arange(tokens) < lengths[:, None]
    padding = torch.tensor(draw(st.sampled_from([0.0, math.nan, math.inf, -math.inf])))
    return advantages[:, None], torch.where(mask, gain.reshape(rollouts, tokens), padding), mask


def spread(advantages: Tensor, mask: Tensor) -> Tensor:
    """GRPO: the advantage at every token, 0 in the padding."""
    return torch.where(mask, advantages, torch.zeros(()))


def by_hand(
    advantages: Tensor, gain: Tensor, mask: Tensor, mix: float, clip: float
) -> list[list[float]]:
    """docs/method.md, eq. 7, one token at a time, with the clamp before the exponential."""
    rows = []
    for advantage, gains, kept in zip(
        advantages.flatten().tolist(), gain.tolist(), mask.tolist(), strict=True
    ):
        row = []
        for delta, real in zip(gains, kept, strict=True):
            if not real or advantage == 0:
                row.append(0.0)
                continue
            signed = delta if advantage > 0 else -delta
            weight = math.exp(min(signed, 10.0))
            weight = min(max(weight, 1 - clip), 1 + clip)
            row.append(advantage * ((1 - mix) + mix * weight))
        rows.append(row)
    return rows


def test_two_by_three() -> None:
    advantages = torch.tensor([[1.0], [-0.5]])
    gain = torch.tensor(
        [
            [math.log(1.1), math.log(2), -math.log(2)],
            [math.log(1.25), -math.log(1.1), 0.0],
        ]
    )
    found = rlsd_token_advantages(
        advantages, gain, torch.ones(2, 3, dtype=torch.bool), mix=0.5, clip=0.2
    )
    expected = torch.tensor(
        [
            # w = 1.1, 2 cut to 1.2, 0.5 cut to 0.8; multiplier 0.5 + 0.5 w; times A = 1.
            [1.05, 1.10, 0.90],
            # A < 0 turns the gain round: w = 1/1.25 = 0.8, 1.1, 1;
            # multipliers 0.9, 1.05, 1; times A = -0.5.
            [-0.45, -0.525, -0.5],
        ]
    )
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)


@given(tables(), SHARE, SHARE)
def test_one_advantage_a_rollout_is_its_advantage_at_every_token(
    table: tuple[Tensor, Tensor, Tensor], mix: float, clip: float
) -> None:
    advantages, gain, mask = table
    found = rlsd_token_advantages(advantages.squeeze(-1), gain, mask, mix=mix, clip=clip)
    assert torch.equal(found, rlsd_token_advantages(advantages, gain, mask, mix=mix, clip=clip))


def test_as_many_rollouts_as_tokens_are_still_rollouts() -> None:
    gain = torch.zeros(2, 2)
    mask = torch.ones(2, 2, dtype=torch.bool)
    found = rlsd_token_advantages(torch.tensor([1.0, -2.0]), gain, mask, mix=0.5, clip=0.2)
    assert found.tolist() == [[1.0, 1.0], [-2.0, -2.0]]


def test_evidence_weights_are_one_outside_the_mask() -> None:
    gain = torch.tensor([[math.log(1.1), math.nan]])
    weights = evidence_weights(torch.tensor([[2.0]]), gain, torch.tensor([[True, False]]), clip=0.2)
    torch.testing.assert_close(weights, torch.tensor([[1.1, 1.0]]))


@given(tables(), SHARE, SHARE)
def test_equals_the_formula_token_by_token(
    table: tuple[Tensor, Tensor, Tensor], mix: float, clip: float
) -> None:
    found = rlsd_token_advantages(*table, mix=mix, clip=clip)
    expected = torch.tensor(by_hand(*table, mix, clip))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


@given(tables(), SHARE)
def test_mix_zero_is_grpo_bit_for_bit(table: tuple[Tensor, Tensor, Tensor], clip: float) -> None:
    advantages, _, mask = table
    found = rlsd_token_advantages(*table, mix=0.0, clip=clip)
    assert torch.equal(found, spread(advantages, mask))


@given(tables(), SHARE, st.floats(0, 0.99))
def test_every_token_keeps_the_sign_of_its_response(
    table: tuple[Tensor, Tensor, Tensor], mix: float, clip: float
) -> None:
    advantages, _, mask = table
    found = rlsd_token_advantages(*table, mix=mix, clip=clip)
    expected = torch.where(mask, advantages.sign(), torch.zeros(()))
    assert torch.equal(found.sign(), expected)


@given(tables())
def test_the_widest_clip_takes_credit_away_and_never_turns_it(
    table: tuple[Tensor, Tensor, Tensor],
) -> None:
    found = rlsd_token_advantages(*table, mix=1.0, clip=1.0)
    assert (found * table[0] >= 0).all()


@given(tables(), SHARE, SHARE)
def test_no_gain_leaves_the_advantage_as_it_is(
    table: tuple[Tensor, Tensor, Tensor], mix: float, clip: float
) -> None:
    advantages, gain, mask = table
    found = rlsd_token_advantages(advantages, torch.zeros_like(gain), mask, mix=mix, clip=clip)
    assert torch.equal(found, spread(advantages, mask))


def test_no_advantage_no_credit_whatever_the_teacher_says() -> None:
    gain = torch.tensor([[3.0, -3.0, 1e4, -math.inf, math.inf]])
    mask = torch.ones(1, 5, dtype=torch.bool)
    found = rlsd_token_advantages(torch.tensor([[0.0]]), gain, mask, mix=0.5, clip=0.2)
    assert torch.equal(found, torch.zeros(1, 5))


@pytest.mark.parametrize("padding", [math.nan, math.inf, -math.inf, 1e30])
@pytest.mark.parametrize("advantage", [1.0, -1.0, 0.0])
def test_padding_is_exactly_zero(advantage: float, padding: float) -> None:
    gain = torch.tensor([[0.1, padding, padding]])
    mask = torch.tensor([[True, False, False]])
    found = rlsd_token_advantages(torch.tensor([[advantage]]), gain, mask, mix=0.5, clip=0.2)
    assert torch.equal(found[:, 1:], torch.zeros(1, 2))
    assert found.isfinite().all()


def test_no_gradient_reaches_the_gain() -> None:
    gain = torch.tensor([[0.05], [0.05]], requires_grad=True)
    mask = torch.ones(2, 1, dtype=torch.bool)
    found = rlsd_token_advantages(torch.tensor([[1.0], [-1.0]]), gain, mask, mix=0.5, clip=0.2)
    assert not found.requires_grad


@given(st.floats(-20, 20), st.sampled_from([-2.0, -0.1, 0.1, 2.0]))
@example(1e4, 1.0)
@example(-1e4, 1.0)
@example(math.inf, -1.0)
@example(-math.inf, -1.0)
def test_multiplier_stays_between_nine_and_eleven_tenths(gain: float, advantage: float) -> None:
    found = rlsd_token_advantages(
        torch.tensor([[advantage]]),
        torch.tensor([[gain]]),
        torch.tensor([[True]]),
        mix=0.5,
        clip=0.2,
    )
    multiplier = (found / advantage).item()
    # 0.5 + 0.5 * 0.8 = 0.9 and 0.5 + 0.5 * 1.2 = 1.1.
    assert 0.9 - 1e-6 <= multiplier <= 1.1 + 1e-6


@pytest.mark.parametrize("size", [1e4, math.inf])
def test_extreme_gains_reach_the_bounds_without_overflow(size: float) -> None:
    gain = torch.tensor([[size, -size], [size, -size]])
    mask = torch.ones(2, 2, dtype=torch.bool)
    found = rlsd_token_advantages(torch.tensor([[1.0], [-1.0]]), gain, mask, mix=0.5, clip=0.2)
    torch.testing.assert_close(found, torch.tensor([[1.1, 0.9], [-0.9, -1.1]]))


@given(st.floats(-3, 3), st.floats(-3, 3), st.sampled_from([-1.0, 1.0]))
def test_a_token_the_teacher_likes_better_never_gets_less(
    first: float, second: float, advantage: float
) -> None:
    assume(first <= second)
    found = rlsd_token_advantages(
        torch.tensor([[advantage]]),
        torch.tensor([[first, second]]),
        torch.ones(1, 2, dtype=torch.bool),
        mix=0.5,
        clip=0.2,
    )
    # Larger for A > 0, and for A < 0 less of a penalty: larger in both cases.
    assert found[0, 0] <= found[0, 1]


@pytest.mark.parametrize("name", ["mix", "clip"])
@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf])
def test_mix_and_clip_must_be_shares(name: str, value: float) -> None:
    options = {"mix": 0.5, "clip": 0.2} | {name: value}
    with pytest.raises(ValueError, match=rf"^{name} .* must lie in \[0, 1\], got {value}$"):
        rlsd_token_advantages(
            torch.zeros(1, 1), torch.zeros(1, 1), torch.ones(1, 1, dtype=torch.bool), **options
        )


@given(tables(), SHARE, SHARE)
def test_flat_tokens_and_padded_rows_agree(
    table: tuple[Tensor, Tensor, Tensor], mix: float, clip: float
) -> None:
    advantages, gain, mask = table
    padded = rlsd_token_advantages(*table, mix=mix, clip=clip)
    flat = rlsd_token_advantages(
        advantages.expand_as(gain)[mask], gain[mask], mask[mask], mix=mix, clip=clip
    )
    assert torch.equal(flat, padded[mask])


@pytest.mark.parametrize(
    ("advantages", "gain", "mask"),
    [
        ((2, 1), (3, 4), (3, 4)),
        ((2,), (3, 4), (3, 4)),
        ((3,), (3, 4, 5), (3, 4, 5)),
        ((4,), (3, 4), (3, 4)),
        ((1, 4), (3, 4), (3, 4)),
        ((3, 1), (3, 4), (3, 5)),
        ((3, 1), (3, 1), (3, 4)),
        ((), (4,), (4,)),
    ],
)
def test_shapes_must_fit(
    advantages: tuple[int, ...], gain: tuple[int, ...], mask: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="must have one shape, and advantages"):
        rlsd_token_advantages(
            torch.zeros(advantages),
            torch.zeros(gain),
            torch.ones(mask, dtype=torch.bool),
            mix=0.5,
            clip=0.2,
        )
