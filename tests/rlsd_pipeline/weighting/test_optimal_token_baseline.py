import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.optimal_token_baseline import OptimalTokenBaseline

CreditOf = Callable[..., Credit]


def streams(
    credit_of: CreditOf, squared: list[list[float]], rewards: list[float], tail: str = "reward"
) -> list[float]:
    gain = [[0.0] * len(row) for row in squared]
    columns = {"student_squared_probs": squared}
    credit = credit_of(gain, rewards=rewards, columns=columns, teacher=False)
    # Half a probability: 1 - 2π is 0, and a token adds Σ_v π² to W.
    half = torch.full_like(credit.student_logprobs, math.log(0.5))
    method = OptimalTokenBaseline.model_validate({"tail": tail})
    found = method.streams(replace(credit, student_logprobs=half)).token_advantages
    assert found is not None
    return found.tolist()


def test_the_baseline_of_a_place_weighs_responses_by_what_led_there(credit_of: CreditOf) -> None:
    # W: .2, .4 and .6, .7. B_1 = .2/.8 and B_2 = .4/1.1.
    found = streams(credit_of, [[0.2, 0.2], [0.6, 0.1]], [1, 0])
    assert found == pytest.approx([0.75, 0.636364, -0.25, -0.363636], abs=1e-6)


@pytest.mark.parametrize(("tail", "expected"), [("reward", 1.0), ("zero", 0.0)])
def test_beyond_all_others_the_reward_stands_alone(
    credit_of: CreditOf, tail: str, expected: float
) -> None:
    found = streams(credit_of, [[0.2, 0.2], [0.6]], [1, 0], tail)
    assert found == pytest.approx([0.75, expected, -0.25])


def test_a_probability_of_one_leaves_the_plain_mean(credit_of: CreditOf) -> None:
    assert streams(credit_of, [[0.0], [0.0], [0.0], [0.0]], [1, 1, 1, 0]) == [0.25] * 3 + [-0.75]


def test_a_failed_verifier_counts_in_no_baseline(credit_of: CreditOf) -> None:
    found = streams(credit_of, [[0.2], [0.6], [0.9]], [1, 0, math.nan])
    assert found == pytest.approx([0.75, -0.25, 0.0])
