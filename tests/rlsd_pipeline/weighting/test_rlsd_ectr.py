import math
from collections.abc import Callable

import pytest

from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.rlsd_ectr import RLSDECTR

CreditOf = Callable[..., Credit]


def test_the_siblings_stand_in_the_place_of_the_student_and_the_teacher(
    credit_of: CreditOf,
) -> None:
    evidence = [[math.log(1.1), 1.0, -1.0], [math.log(1.1)], None]
    columns = {
        "correct_sibling_logprobs": [row and [e - 3 for e in row] for row in evidence],
        "wrong_sibling_logprobs": [row and [-3.0] * len(row) for row in evidence],
    }
    gain, advantages = [[9.0] * 3, [9.0], [9.0]], [1.0, -1.0, 0.5]
    credit = credit_of(gain, advantages=advantages, teacher=False, columns=columns)
    found = RLSDECTR(decay=None).streams(credit).token_advantages
    assert found is not None
    # λ = ½ of weights 1.1, 1.2 (cut), .8 (cut) and 1/1.1; the last has no siblings.
    assert found.tolist() == pytest.approx([1.05, 1.1, 0.9, -(1 + 1 / 1.1) / 2, 0.5])
    assert RLSDECTR().cut(credit).tolist() == [False, True, True, False, False]


def test_the_share_of_weighted_credit_falls_as_that_of_rlsd() -> None:
    assert RLSDECTR(decay=50).at_iteration(10) == RLSDECTR(mix=0.4, decay=None)
