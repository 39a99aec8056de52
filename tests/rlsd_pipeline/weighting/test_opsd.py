from collections.abc import Callable

import pytest

from rlsd_pipeline.divergences import DivergenceConfig
from rlsd_pipeline.divergences.forward_kl import ForwardKL
from rlsd_pipeline.divergences.jsd import JSD
from rlsd_pipeline.divergences.reverse_kl import ReverseKL
from rlsd_pipeline.divergences.sampled import Sampled
from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.opsd import OPSD

CreditOf = Callable[..., Credit]


@pytest.mark.parametrize("divergence", [ForwardKL(), ReverseKL(), JSD(beta=0.1)])
def test_weight_one_wherever_the_teacher_saw_a_reference(
    credit_of: CreditOf, divergence: DivergenceConfig
) -> None:
    credit = credit_of([[0.5, -1.0], [2.0], [0.0]], informed=[True, False, True])
    streams = OPSD(divergence=divergence).streams(credit)
    assert streams.distillation_weights is not None
    assert streams.distillation_weights.tolist() == [1.0, 1.0, 0.0, 1.0]
    assert streams.token_advantages is None
    assert streams.nll_weights is None


def test_the_sampled_form_is_a_policy_gradient_of_the_gain(credit_of: CreditOf) -> None:
    credit = credit_of([[0.5, -1.0], [2.0], [-0.25]], informed=[True, False, True])
    streams = OPSD(divergence=Sampled()).streams(credit)
    assert streams.token_advantages is not None
    # Â_t = Δ_t, and 0 where there is none.
    assert streams.token_advantages.tolist() == [0.5, -1.0, 0.0, -0.25]
    assert streams.distillation_weights is None
    assert streams.nll_weights is None


def test_no_reward_is_read(credit_of: CreditOf) -> None:
    gain = [[0.5, -1.0], [2.0]]
    for method in (OPSD(), OPSD(divergence=Sampled())):
        found = [method.streams(credit_of(gain, rewards=rewards)) for rewards in ([1, 0], [0, 1])]
        for first, second in zip(*found, strict=True):
            assert (first is None) == (second is None)
            assert first is None or first.tolist() == second.tolist()


def test_what_is_stored_of_the_teacher() -> None:
    assert OPSD().stored_divergence == ForwardKL()
    assert OPSD(divergence=JSD(beta=0.1)).stored_divergence == JSD(beta=0.1)
    assert OPSD(divergence=Sampled()).stored_divergence is None
    assert OPSD().reads_teacher


@pytest.mark.parametrize("divergence", [ForwardKL(), Sampled()])
def test_a_teacher_is_needed(credit_of: CreditOf, divergence: DivergenceConfig) -> None:
    with pytest.raises(ValueError, match="the method needs teacher_logprobs, and no teacher"):
        OPSD(divergence=divergence).streams(credit_of([[0.0]], teacher=False))
