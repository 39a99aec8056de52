from collections.abc import Callable

import torch

from rlsd_pipeline.weighting.entropy_selected import EntropySelected, threshold
from rlsd_pipeline.weighting.method import Credit

CreditOf = Callable[..., Credit]


def streams(credit_of: CreditOf, entropy: list[list[float]], share: float) -> list[float]:
    credit = credit_of(
        [[0.0] * len(row) for row in entropy],
        advantages=[1.0, -2.0],
        columns={"student_entropy": entropy},
    )
    found = EntropySelected(share=share).streams(credit).token_advantages
    assert found is not None
    return found.tolist()


def test_one_threshold_holds_for_all_responses(credit_of: CreditOf) -> None:
    # The five largest of ten: .9 to .5, all of the first response and one token of the second.
    entropy = [[0.9, 0.8, 0.7, 0.6], [0.5, 0.4, 0.3, 0.2, 0.1, 0.0]]
    assert streams(credit_of, entropy, 0.5) == [1.0] * 4 + [-2.0] + [0.0] * 5


def test_tokens_at_the_threshold_are_kept(credit_of: CreditOf) -> None:
    assert streams(credit_of, [[0.3, 0.1, 0.3], [0.0, 0.3]], 0.2) == [1.0, 0.0, 1.0, 0.0, -2.0]


def test_as_many_are_kept_as_at_the_linear_quantile() -> None:
    for count in range(1, 40):
        values = torch.randn(count, generator=torch.Generator().manual_seed(count)).double()
        kept = (values >= threshold(values, 0.2)).sum()
        assert kept == (values >= torch.quantile(values, 0.8)).sum()


def test_all_tokens_are_grpo(credit_of: CreditOf) -> None:
    assert streams(credit_of, [[0.3, 0.0], [0.1]], 1.0) == [1.0, 1.0, -2.0]
