from collections.abc import Callable

import pytest

from rlsd_pipeline.divergences.reverse_kl import ReverseKL
from rlsd_pipeline.divergences.sampled import Sampled
from rlsd_pipeline.privileged.kinds.none import Nothing
from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.opd import OPD

CreditOf = Callable[..., Credit]


def test_every_token_is_drawn_to_the_other_model(credit_of: CreditOf) -> None:
    streams = OPD().streams(credit_of([[0.5, -1.0], [2.0]], rewards=[1, 0]))
    assert streams.distillation_weights is not None
    assert streams.distillation_weights.tolist() == [1.0, 1.0, 1.0]
    assert streams.token_advantages is None
    assert streams.nll_weights is None


def test_the_sampled_form_is_the_gain(credit_of: CreditOf) -> None:
    streams = OPD(divergence=Sampled()).streams(credit_of([[0.5, -1.0], [2.0]]))
    assert streams.token_advantages is not None
    assert streams.token_advantages.tolist() == [0.5, -1.0, 2.0]
    assert streams.distillation_weights is None


def test_nothing_is_privileged_and_reverse_kl_is_the_default() -> None:
    assert OPD().privileged == Nothing()
    assert OPD().stored_divergence == ReverseKL()
    assert OPD(divergence=Sampled()).stored_divergence is None


def test_a_teacher_is_needed(credit_of: CreditOf) -> None:
    with pytest.raises(ValueError, match="the method needs teacher_logprobs, and no teacher"):
        OPD().streams(credit_of([[0.0]], teacher=False))
