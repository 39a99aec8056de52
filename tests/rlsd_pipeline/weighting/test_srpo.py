import math
from collections.abc import Callable

import pytest

from rlsd_pipeline.divergences.sampled import Sampled
from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.srpo import SRPO

CreditOf = Callable[..., Credit]


def made(credit_of: CreditOf) -> Credit:
    return credit_of(
        [[1.0, 2.0], [0.5], [4.0, -1.0]],
        advantages=[0.5, -0.25, -0.5],
        correct=[True, False, False],
        informed=[True, False, True],
        columns={"teacher_entropy": [[0.0, 0.0], None, [0.0, math.log(3)]]},
    )


def test_wrong_responses_are_distilled_where_the_teacher_is_sure(credit_of: CreditOf) -> None:
    streams = SRPO().streams(made(credit_of))
    assert streams.token_advantages is not None
    assert streams.distillation_weights is not None
    # The second is wrong too, and there was no sibling to learn from.
    assert streams.token_advantages.tolist() == [0.5, 0.5, -0.25, 0.0, 0.0]
    # exp(-H): 1 and 1/3, of mean 2/3.
    assert streams.distillation_weights.tolist() == pytest.approx([0.0, 0.0, 0.0, 1.5, 0.5])


def test_the_sampled_form_is_one_policy_gradient(credit_of: CreditOf) -> None:
    found = SRPO(divergence=Sampled()).streams(made(credit_of)).token_advantages
    assert found is not None
    assert found.tolist() == pytest.approx([0.5, 0.5, -0.25, 6.0, -0.5])


def test_a_table_of_right_responses_is_grpo(credit_of: CreditOf) -> None:
    streams = SRPO().streams(credit_of([[1.0], [2.0]], rewards=[1, 1]))
    assert streams.distillation_weights is not None
    assert streams.distillation_weights.tolist() == [0.0, 0.0]
