import pytest
import torch

from rlsd_pipeline.credit.summary import summary
from rlsd_pipeline.weighting.method import Credit, TokenStreams


def table(teacher: bool = True) -> Credit:
    """Rollouts of 2, 1 and 2 tokens with advantages 2, 0 and -1."""
    gain = torch.tensor([0.5, -0.25, 9.0, 1.0, -4.0])
    student = torch.full((5,), -10.0)
    return Credit(
        rewards=torch.tensor([1.0, 0.5, 0.0], dtype=torch.float64),
        correct=torch.tensor([True, False, False]),
        advantages=torch.tensor([2.0, 0.0, -1.0]),
        groups=torch.tensor([0, 0, 0]),
        informed=torch.tensor([True] * 3),
        rows=torch.tensor([0, 0, 1, 2, 2]),
        reasoning=torch.ones(5, dtype=torch.bool),
        student_logprobs=student,
        teacher_logprobs=student + gain if teacher else None,
    )


def test_over_the_tokens_that_carry_signal() -> None:
    streams = TokenStreams(token_advantages=torch.tensor([2.2, 1.8, 0.0, -1.0, -0.8]))
    found = summary(table(), streams)
    assert found == pytest.approx(
        {
            # Four of five tokens.
            "signal_share": 0.8,
            # Multipliers 1.1, 0.9, 1.0, 0.8; of an even number torch takes the lower median.
            "multiplier_median": 0.9,
            "multiplier_p05": 0.8,
            "multiplier_p95": 1.1,
            # 0.5, -0.25, 1, -4 without the 9 of the token without signal.
            "information_gain_median": -0.25,
            "information_gain_abs_median": 0.5,
        }
    )


def test_shares_of_the_other_streams() -> None:
    streams = TokenStreams(
        distillation_weights=torch.tensor([1.0, 1.0, 0.0, 0.5, 1.0]),
        nll_weights=torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0]),
        anchor_weights=torch.tensor([0.0, 0.1, 0.0, 0.0, 0.1]),
    )
    found = summary(table(teacher=False), streams)
    expected = {"signal_share": 0.8, "distillation_share": 0.8, "nll_share": 0.2}
    expected |= {"anchor_share": 0.4}
    assert found == pytest.approx(expected)


def test_without_signal_nothing_is_divided() -> None:
    credit = table()
    silent = Credit(**{**vars(credit), "advantages": torch.zeros(3)})
    assert summary(silent, TokenStreams(torch.zeros(5))) == {"signal_share": 0.0}


def test_percentiles_of_a_hundred() -> None:
    """Places 0.05 * 99 = 4.95 and 0.95 * 99 = 94.05, to the nearest."""
    count = 100
    credit = Credit(
        rewards=torch.zeros(count, dtype=torch.float64),
        correct=torch.zeros(count, dtype=torch.bool),
        advantages=torch.ones(count),
        groups=torch.zeros(count, dtype=torch.long),
        informed=torch.ones(count, dtype=torch.bool),
        rows=torch.arange(count),
        reasoning=torch.ones(count, dtype=torch.bool),
        student_logprobs=torch.zeros(count),
        teacher_logprobs=None,
    )
    shuffled = torch.randperm(count, generator=torch.Generator().manual_seed(0)).float()
    found = summary(credit, TokenStreams(token_advantages=shuffled))
    assert (found["multiplier_p05"], found["multiplier_p95"]) == (5.0, 94.0)
    assert found["multiplier_median"] == 49.0
