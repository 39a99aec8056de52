import math
import random
from collections.abc import Callable

import pytest
import torch

from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.rlcsd import RLCSD

CreditOf = Callable[..., Credit]

# tanh(ln 2) = .6 and tanh(ln 3) = .8, so that λ = .5 moves by .3 and .4; .1 moves by .0498.
EVIDENCE = [[math.log(2), -math.log(3), 0.1], [math.log(3)], None]
SETTINGS = {"temperature": 1.0, "threshold": 0.1, "selected_weight": 0.5}


def made(credit_of: CreditOf) -> Credit:
    columns = {
        "correct_sibling_logprobs": [row and [e - 2 for e in row] for row in EVIDENCE],
        "mean_wrong_sibling_logprobs": [row and [-2.0] * len(row) for row in EVIDENCE],
    }
    gain, advantages = [[0.0] * 3, [0.0], [0.0]], [0.35, -1.0, 0.5]
    return credit_of(gain, advantages=advantages, teacher=False, columns=columns)


def streams(credit: Credit, **of: object) -> list[float]:
    found = RLCSD.model_validate(SETTINGS | of).streams(credit).token_advantages
    assert found is not None
    return found.tolist()


def test_evidence_moves_the_advantage_and_never_across_zero(credit_of: CreditOf) -> None:
    # .35 - .4 would be negative; .1 nats are not selected; the last has no siblings.
    found = streams(made(credit_of), means="one")
    assert found == pytest.approx([0.65, 0.0, 0.35, -0.6, 0.5])


def test_the_mean_over_tokens_is_the_two_means_of_the_authors(credit_of: CreditOf) -> None:
    # Three of five are selected: the others weigh 5/2, they ½ · 5/3.
    found = streams(made(credit_of))
    assert found == pytest.approx([0.65 * 5 / 6, 0.0, 0.35 * 5 / 2, -0.6 * 5 / 6, 0.5 * 5 / 2])
    assert sum(found) / 5 == pytest.approx((0.35 + 0.5) / 2 + 0.5 * (0.65 + 0.0 - 0.6) / 3)


def test_the_two_denominators_cost_one_rounding(credit_of: CreditOf) -> None:
    """The unit of float32 is 6e-8: once for the factor, and once for the product."""
    rng = random.Random(0)
    evidence = [[rng.choice([0.0, 0.3, -0.2]) for _ in range(11)] for _ in range(97)]
    columns = {
        "correct_sibling_logprobs": [[e - 2 for e in row] for row in evidence],
        "mean_wrong_sibling_logprobs": [[-2.0] * 11] * 97,
    }
    advantages = [rng.choice([0.7, -1.3]) for _ in evidence]
    table = credit_of([[0.0] * 11] * 97, teacher=False, columns=columns, advantages=advantages)
    for weight in (0.1, 0.7, 1.0, 3.3):
        settings = SETTINGS | {"selected_weight": weight}
        whole, plain = (
            RLCSD.model_validate(settings | {"means": means}).streams(table).token_advantages
            for means in ("two", "one")
        )
        chosen = RLCSD.model_validate(settings).selects(table).chosen
        count, ours = len(chosen), int(chosen.sum())
        factors = [weight * count / ours if one else count / (count - ours) for one in chosen]
        expected = plain.double() * torch.tensor(factors, dtype=torch.float64)
        torch.testing.assert_close(whole.double(), expected, rtol=1.25e-7, atol=0)


def test_it_says_which_tokens_it_selects(credit_of: CreditOf) -> None:
    found = RLCSD.model_validate(SETTINGS).selects(made(credit_of))
    assert found.chosen.tolist() == [True, True, False, True, False]
    assert found.bounds == SETTINGS["threshold"]
    assert (found.sizes > found.bounds).tolist() == found.chosen.tolist()


def test_a_move_is_bounded(credit_of: CreditOf) -> None:
    found = streams(made(credit_of), beta=10.0, bound=0.25, means="one")
    assert found == pytest.approx([0.6, 0.1, 0.6, -0.75, 0.5], abs=2e-3)


def test_missing_siblings_are_named(credit_of: CreditOf) -> None:
    with pytest.raises(ValueError, match="mean_wrong_sibling_logprobs"):
        RLCSD().streams(credit_of([[0.0]], without=["mean_wrong_sibling_logprobs"]))
