from collections.abc import Callable

import pytest
import torch

from rlsd_pipeline.divergences.forward_kl import ForwardKL
from rlsd_pipeline.divergences.sampled import Sampled
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.grpo_opsd import GRPOOPSD
from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.opsd import OPSD

CreditOf = Callable[..., Credit]


@pytest.fixture(scope="module")
def small(credit_of: CreditOf) -> Credit:
    return credit_of(
        [[0.5, -1.0], [2.0], [-0.25]], advantages=[1.0, -2.0, 0.0], informed=[True, False, True]
    )


def test_as_a_stream_it_is_the_advantage_and_beta_times_the_gain(small: Credit) -> None:
    streams = GRPOOPSD(beta=0.5, divergence=Sampled()).streams(small)
    assert streams.token_advantages is not None
    # 1 + 0.5 * 0.5, 1 - 0.5 * 1, -2 (not informed), 0 - 0.5 * 0.25.
    assert streams.token_advantages.tolist() == [1.25, 0.5, -2.0, -0.125]
    assert streams.distillation_weights is None
    assert streams.nll_weights is None


def test_with_a_divergence_it_is_two_streams(small: Credit) -> None:
    streams = GRPOOPSD(beta=0.5).streams(small)
    assert streams.token_advantages is not None
    assert streams.distillation_weights is not None
    assert streams.token_advantages.tolist() == [1.0, 1.0, -2.0, 0.0]
    assert streams.distillation_weights.tolist() == [0.5, 0.5, 0.0, 0.5]
    assert streams.nll_weights is None


def test_the_stream_form_can_turn_a_sign(credit_of: CreditOf) -> None:
    """Which RLSD cannot: 0.1 - 0.5 * 1 = -0.4 on a right answer."""
    credit = credit_of([[-1.0]], advantages=[0.1])
    streams = GRPOOPSD(beta=0.5, divergence=Sampled()).streams(credit)
    assert streams.token_advantages is not None
    assert streams.token_advantages.item() == pytest.approx(-0.4)
    assert not GRPOOPSD().keeps_sign


def test_beta_zero_is_grpo_bit_for_bit(small: Credit) -> None:
    plain = GRPO().streams(small).token_advantages
    assert plain is not None
    sampled = GRPOOPSD(beta=0.0, divergence=Sampled()).streams(small)
    assert sampled.token_advantages is not None
    assert torch.equal(sampled.token_advantages, plain)
    stored = GRPOOPSD(beta=0.0).streams(small)
    assert stored.token_advantages is not None
    assert stored.distillation_weights is not None
    assert torch.equal(stored.token_advantages, plain)
    assert not stored.distillation_weights.any()


def test_it_is_the_sum_of_its_parts(small: Credit) -> None:
    mixed = GRPOOPSD(beta=1.0).streams(small)
    assert mixed.distillation_weights is not None
    pulled = OPSD().streams(small).distillation_weights
    assert pulled is not None
    assert torch.equal(mixed.distillation_weights, pulled)


def test_what_is_stored_of_the_teacher() -> None:
    assert GRPOOPSD().stored_divergence == ForwardKL()
    assert GRPOOPSD(divergence=Sampled()).stored_divergence is None


@pytest.mark.parametrize("divergence", [ForwardKL(), Sampled()])
def test_a_teacher_is_needed(credit_of: CreditOf, divergence: ForwardKL | Sampled) -> None:
    with pytest.raises(ValueError, match="the method needs teacher_logprobs, and no teacher"):
        GRPOOPSD(divergence=divergence).streams(credit_of([[0.0]], teacher=False))
