from collections.abc import Callable

import pytest

from rlsd_pipeline.divergences.sampled import Sampled
from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.sdpg import SDPG

CreditOf = Callable[..., Credit]


def test_the_divergence_stands_beside_the_advantage(credit_of: CreditOf) -> None:
    credit = credit_of([[2.0], [3.0]], advantages=[1.0, -1.0], informed=[True, False])
    streams = SDPG(beta=0.01).streams(credit)
    assert streams.token_advantages is not None
    assert streams.distillation_weights is not None
    assert streams.token_advantages.tolist() == [1.0, -1.0]
    assert streams.distillation_weights.tolist() == pytest.approx([0.01, 0.0])
    sampled = SDPG(beta=0.01, divergence=Sampled()).streams(credit).token_advantages
    assert sampled is not None
    assert sampled.tolist() == pytest.approx([1.02, -1.0])


def test_it_is_taken_over_the_whole_vocabulary() -> None:
    stored = SDPG().stored_divergence
    assert stored is not None
    assert (stored.type, stored.top_k) == ("reverse_kl", None)
