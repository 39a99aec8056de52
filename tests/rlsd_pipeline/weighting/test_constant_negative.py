from collections.abc import Callable

import pytest

from rlsd_pipeline.weighting.constant_negative import ConstantNegative
from rlsd_pipeline.weighting.method import Credit

CreditOf = Callable[..., Credit]


@pytest.mark.parametrize(
    ("term", "expected"), [("alone", [-0.25, -0.25, -0.25]), ("both", [1.75, -0.5, -0.5])]
)
def test_every_token_has_the_same_credit(
    credit_of: CreditOf, term: str, expected: list[float]
) -> None:
    credit = credit_of([[3.0], [-3.0, 0.0]], advantages=[2.0, -0.25], teacher=False)
    method = ConstantNegative.model_validate({"size": 0.25, "term": term})
    found = method.streams(credit).token_advantages
    assert found is not None
    assert found.tolist() == expected
