from collections.abc import Callable

import pytest

from rlsd_pipeline.divergences.forward_kl import ForwardKL
from rlsd_pipeline.divergences.jsd import JSD
from rlsd_pipeline.divergences.sampled import Sampled
from rlsd_pipeline.privileged.kinds.sibling import Sibling
from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.sdpo import SDPO

CreditOf = Callable[..., Credit]


@pytest.fixture(scope="module")
def three_groups(credit_of: CreditOf) -> Credit:
    """One with a success, one without, one whose only success has no sibling to show.

    Their members alternate.
    """
    return credit_of(
        [[0.5, -1.0], [0.25], [2.0, 0.125], [-0.5], [1.5], [-2.0]],
        groups=[0, 1, 0, 1, 2, 2],
        correct=[True, False, False, False, True, False],
        informed=[True, True, True, True, False, True],
    )


def test_groups_without_a_success_are_masked(three_groups: Credit) -> None:
    streams = SDPO().streams(three_groups)
    assert streams.distillation_weights is not None
    # Group 0 has one success; group 1 none; in group 2 the success itself was shown nothing.
    assert streams.distillation_weights.tolist() == [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]
    assert streams.token_advantages is None
    assert streams.nll_weights is None


def test_all_groups_are_learnt_from_where_that_is_declared(three_groups: Credit) -> None:
    streams = SDPO(groups="all").streams(three_groups)
    assert streams.distillation_weights is not None
    assert streams.distillation_weights.tolist() == [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0]


def test_the_sampled_form_is_masked_as_well(three_groups: Credit) -> None:
    streams = SDPO(divergence=Sampled()).streams(three_groups)
    assert streams.token_advantages is not None
    assert streams.token_advantages.tolist() == [0.5, -1.0, 0.0, 2.0, 0.125, 0.0, 0.0, -2.0]
    assert streams.distillation_weights is None


def test_no_table_at_all(credit_of: CreditOf) -> None:
    streams = SDPO().streams(credit_of([]))
    assert streams.distillation_weights is not None
    assert streams.distillation_weights.tolist() == []


def test_defaults_are_those_of_the_authors() -> None:
    """Jensen and Shannon at one half, over the 100 likeliest of the student and a tail."""
    assert SDPO().stored_divergence == JSD(beta=0.5, top_k=100, support="student")
    declared = SDPO.model_validate({"divergence": {"type": "jsd", "top_k": 20}})
    assert declared.stored_divergence == JSD(beta=0.5, top_k=20, support="student")
    other = {"type": "forward_kl", "support": "teacher"}
    assert SDPO.model_validate({"divergence": other}).stored_divergence == ForwardKL()
    assert SDPO.model_validate({"divergence": {"type": "sampled"}}).stored_divergence is None
    assert SDPO().privileged == Sibling()


def test_a_teacher_is_needed(credit_of: CreditOf) -> None:
    with pytest.raises(ValueError, match="the method needs teacher_logprobs, and no teacher"):
        SDPO().streams(credit_of([[0.0]], teacher=False))
