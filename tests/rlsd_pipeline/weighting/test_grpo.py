"""GRPO spreads a response's advantage evenly."""

from collections.abc import Callable

import torch

from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.method import Credit


def test_every_token_carries_its_responses_advantage(credit_of: Callable[..., Credit]) -> None:
    credit = credit_of([[0.3, -1.0], [2.0]], advantages=[0.5, -2.0])
    streams = GRPO().streams(credit)
    assert streams.token_advantages is not None
    assert streams.token_advantages.tolist() == [0.5, 0.5, -2.0]
    assert streams.distillation_weights is None
    assert streams.nll_weights is None


def test_no_teacher_is_read(credit_of: Callable[..., Credit]) -> None:
    told = credit_of([[0.3, -1.0], [2.0]], rewards=[1, 0])
    alone = credit_of([[0.3, -1.0], [2.0]], rewards=[1, 0], teacher=False)
    assert not GRPO().reads_teacher
    found, expected = (GRPO().streams(credit).token_advantages for credit in (alone, told))
    assert found is not None
    assert expected is not None
    assert torch.equal(found, expected)


def test_there_is_no_schedule() -> None:
    assert GRPO().at_iteration(7) == GRPO()
