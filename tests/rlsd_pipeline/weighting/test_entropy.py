from collections.abc import Callable

import pytest

from rlsd_pipeline.weighting.entropy import Entropy
from rlsd_pipeline.weighting.method import Credit

CreditOf = Callable[..., Credit]


def streams(
    credit_of: CreditOf, entropy: list[list[float]], advantages: list[float]
) -> list[float]:
    columns = {"student_entropy": entropy}
    credit = credit_of([[0.0] * len(e) for e in entropy], advantages=advantages, columns=columns)
    found = Entropy().streams(credit).token_advantages
    assert found is not None
    return found.tolist()


def test_a_token_has_its_share_of_the_entropy(credit_of: CreditOf) -> None:
    # Means 2 and 0.5 nats.
    found = streams(credit_of, [[1.0, 5.0, 0.0], [0.5]], [2.0, -1.0])
    assert found == pytest.approx([1.0, 5.0, 0.0, -1.0])


def test_a_response_that_was_never_undecided_has_its_plain_advantage(credit_of: CreditOf) -> None:
    assert streams(credit_of, [[0.0, 0.0]], [1.5]) == [1.5, 1.5]


def test_missing_entropies_are_named_with_what_makes_them(credit_of: CreditOf) -> None:
    with pytest.raises(ValueError, match=r"student_entropy.*--columns"):
        Entropy().streams(credit_of([[0.0]], without=["student_entropy"]))
