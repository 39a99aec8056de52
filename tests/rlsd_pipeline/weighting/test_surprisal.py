from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.surprisal import Surprisal

CreditOf = Callable[..., Credit]


def streams(credit: Credit, logprobs: list[float]) -> list[float]:
    credit = replace(credit, student_logprobs=torch.tensor(logprobs))
    found = Surprisal().streams(credit).token_advantages
    assert found is not None
    return found.tolist()


def test_a_token_has_its_share_of_the_surprisal(credit_of: CreditOf) -> None:
    credit = credit_of([[0.0, 0.0, 0.0], [0.0]], advantages=[2.0, -1.0], teacher=False)
    # Means 2 and 0.5 nats.
    assert streams(credit, [-1.0, -5.0, 0.0, -0.5]) == pytest.approx([1.0, 5.0, 0.0, -1.0])


def test_a_response_keeps_its_total(credit_of: CreditOf) -> None:
    credit = credit_of([[0.0] * 4], advantages=[-0.75], teacher=False)
    assert sum(streams(credit, [-0.1, -2.0, -0.3, -0.7])) == pytest.approx(4 * -0.75)


def test_a_response_without_surprise_has_its_plain_advantage(credit_of: CreditOf) -> None:
    credit = credit_of([[0.0, 0.0]], advantages=[1.5], teacher=False)
    assert streams(credit, [0.0, 0.0]) == [1.5, 1.5]
