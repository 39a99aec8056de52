from collections.abc import Callable

import pytest

from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.sft import SFT

CreditOf = Callable[..., Credit]


@pytest.mark.parametrize("teacher", [True, False])
@pytest.mark.parametrize("learns_from", ["reference", "sampled"])
def test_only_correct_responses_are_learnt(
    credit_of: CreditOf, teacher: bool, learns_from: str
) -> None:
    credit = credit_of(
        [[0.5, -1.0], [2.0, 1.0], [0.0]],
        # The format alone earns a wrong answer a tenth; it is not learnt for that.
        rewards=[1.0, 0.1, float("nan")],
        correct=[True, False, False],
        teacher=teacher,
    )
    streams = SFT(learns_from=learns_from).streams(credit)  # type: ignore[arg-type]
    assert streams.nll_weights is not None
    assert streams.nll_weights.tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]
    assert streams.token_advantages is None
    assert streams.distillation_weights is None


def test_whose_responses_it_learns_from() -> None:
    assert SFT().responses == "reference"
    assert SFT(learns_from="sampled").responses == "sampled"
    assert not SFT().reads_teacher
    assert SFT().stored_divergence is None
