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


def test_every_token_is_pulled_towards_the_base_model(credit_of: CreditOf) -> None:
    """Also where the teacher knew nothing, and where the group has no variance."""
    credit = credit_of([[2.0, 1.0], [3.0]], advantages=[0.0, 0.0], informed=[True, False])
    assert SDPG().streams(credit).anchor_weights.tolist() == pytest.approx([0.001] * 3)
    assert SDPG(alpha=0.5).streams(credit).anchor_weights.tolist() == [0.5] * 3


def test_a_response_that_the_base_model_did_not_score_is_not_pulled(credit_of: CreditOf) -> None:
    credit = credit_of([[2.0, 1.0], [3.0]], columns={"base_logprobs": [None, [-1.0]]})
    assert SDPG(alpha=0.5).streams(credit).anchor_weights.tolist() == [0.0, 0.0, 0.5]


def test_without_a_pull_the_base_model_is_not_asked(credit_of: CreditOf) -> None:
    assert SDPG().columns - SDPG(alpha=0.0).columns == {"base_logprobs"}
    credit = credit_of([[2.0]], without=["base_logprobs"])
    assert SDPG(alpha=0.0).streams(credit).anchor_weights is None
    with pytest.raises(ValueError, match=r"needs base_logprobs.* --columns"):
        SDPG().streams(credit)


def test_it_is_taken_over_the_whole_vocabulary() -> None:
    stored = SDPG().stored_divergence
    assert stored is not None
    assert (stored.type, stored.top_k) == ("reverse_kl", None)
