"""What every method makes of one small table, by hand."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlsd_pipeline.credit.comparison import (
    rank_correlations,
    summarize,
    token_credit,
    token_shares,
    within_responses,
)
from rlsd_pipeline.credit.segments import Segment
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.method import Credit, TokenStreams
from rlsd_pipeline.weighting.rlsd import RLSD
from schemas import MethodCredit
from tests.intervals import ends

GAIN = [0.5, -0.1, 1.0, 2.0, -1.0]
# Responses of two tokens, one and two; the first two are one group, the last is another.
ROWS, GROUPS, ADVANTAGES = [0, 0, 1, 2, 2], [0, 0, 1], [1.0, -1.0, 0.0]
REASONING, ANSWER, FORMAT = (int(segment) for segment in Segment)
SEGMENTS = np.array([REASONING, ANSWER, REASONING, FORMAT, REASONING], dtype=np.uint8)


def table(advantages: Sequence[float] = ADVANTAGES, teacher: bool = True) -> Credit:
    student = torch.full((5,), -3.0)
    return Credit(
        rewards=torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64),
        correct=torch.tensor([True, False, False]),
        advantages=torch.tensor(advantages),
        groups=torch.tensor(GROUPS),
        informed=torch.tensor([teacher] * 3),
        rows=torch.tensor(ROWS),
        reasoning=torch.from_numpy(SEGMENTS == REASONING),
        student_logprobs=student,
        teacher_logprobs=student + torch.tensor(GAIN) if teacher else None,
    )


def empty() -> Credit:
    nothing, nowhere = torch.zeros(0), torch.zeros(0, dtype=torch.long)
    return Credit(*[nothing] * 3, nowhere, nothing, nowhere, *[nothing] * 3)


def summary(values: Sequence[float], credit: Credit, **options: Any) -> MethodCredit:
    weighting = options.pop("weighting", GRPO())
    numbers = np.array(values, dtype=np.float32)
    return summarize("name", weighting, numbers, credit, SEGMENTS[: len(values)], 0.95)


def test_advantages_are_the_credit_itself() -> None:
    streams = TokenStreams(token_advantages=torch.tensor([1.0, -2.0, 0.0, 4.0, 0.5]))
    assert token_credit(streams, table(teacher=False)).tolist() == [1, -2, 0, 4, 0.5]


def test_a_divergence_pushes_by_its_weight_times_the_gain() -> None:
    streams = TokenStreams(distillation_weights=torch.tensor([1.0, 1.0, 0.0, 1.0, 0.5]))
    # .5 · 1, -.1 · 1, 1 · 0, 2 · 1, -1 · .5.
    assert token_credit(streams, table()).tolist() == pytest.approx([0.5, -0.1, 0, 2, -0.5])


def test_the_likelihood_pushes_by_its_weight() -> None:
    streams = TokenStreams(nll_weights=torch.tensor([1.0, 0.0, 1.0, 0.0, 1.0]))
    assert token_credit(streams, table(teacher=False)).tolist() == [1, 0, 1, 0, 1]


def test_the_anchor_pushes_back_by_how_far_the_policy_is_from_the_base_model() -> None:
    credit = table(teacher=False)
    base = credit.student_logprobs + torch.tensor([0.5, 0.0, -1.0, torch.nan, 2.0])
    streams = TokenStreams(anchor_weights=torch.tensor([2.0, 2.0, 0.5, 0.0, 0.25]))
    found = token_credit(streams, replace(credit, base_logprobs=base))
    assert found.tolist() == pytest.approx([1.0, 0.0, -0.5, 0.0, 0.5])
    with pytest.raises(ValueError, match="needs base_logprobs"):
        token_credit(streams, credit)


def test_components_add_up() -> None:
    streams = TokenStreams(
        token_advantages=torch.full((5,), -1.0),
        distillation_weights=torch.full((5,), 2.0),
        nll_weights=torch.tensor([0.0, 0.0, 0.0, 0.0, 3.0]),
    )
    # -1 + 2 · gain + weight.
    assert token_credit(streams, table()).tolist() == pytest.approx([0, -1.2, 1, 3, 0])
    assert token_credit(TokenStreams(), table()).tolist() == [0] * 5


def test_a_divergence_without_a_teacher_cannot_be_compared() -> None:
    streams = TokenStreams(distillation_weights=torch.ones(5))
    with pytest.raises(ValueError, match="no teacher scored these rollouts"):
        token_credit(streams, table(teacher=False))


def test_a_method_in_numbers() -> None:
    found = summary([1.0, -0.5, -1.0, 0.0, 2.5], table(), weighting=RLSD(clip=0.2))
    # Sorted -1, -.5, 0, 1, 2.5 at places 0 to 4: p05 at .2: -1 + .2 · .5, p95 at 3.8: 1 + .8 · 1.5.
    expected = {"p05": -0.9, "p25": -0.5, "p50": 0.0, "p75": 1.0, "p95": 2.2}
    assert found.quantiles == pytest.approx(expected)
    # (1 + .5 + 1 + 0 + 2.5) / 5, and four of five are not 0.
    assert found.magnitude == pytest.approx(1.0)
    assert found.credited == pytest.approx(0.8)
    # Reasoning 1 + 1 + 2.5 of 5, answer .5, format 0.
    shares = {name: interval.value for name, interval in found.segments.items()}
    assert shares == pytest.approx({"reasoning": 0.9, "answer": 0.1, "format": 0.0})
    # Drawn again: the first group alone 2 / 2.5, the second alone 2.5 / 2.5, both 4.5 / 5.
    reasoning = found.segments["reasoning"]
    assert (reasoning.low, reasoning.high) == pytest.approx((0.8, 1.0))
    # Signal on the first three tokens, whose advantages are 1, 1 and -1: the second disagrees.
    assert found.sign_agreement is not None
    assert found.sign_agreement.value == pytest.approx(2 / 3)
    # The second group carries no signal, and one group bounds nothing.
    assert ends(found.sign_agreement) == (-math.inf, math.inf)
    # e^.5 = 1.65 is cut, e^-.1 = .90 is not, e^-1 = .37 (A < 0) is: two of three signal tokens.
    assert found.cut == pytest.approx(2 / 3)
    assert found.weighting["clip"] == 0.2


def test_a_credit_of_zero_agrees_with_no_sign() -> None:
    found = summary([0.0, 0.0, -2.0, 0.0, 0.0], table())
    assert found.sign_agreement is not None
    assert found.sign_agreement.value == pytest.approx(1 / 3)
    assert found.cut is None


def test_without_signal_there_is_nothing_to_agree_with() -> None:
    found = summary([1.0] * 5, table([0.0, 0.0, 0.0]), weighting=RLSD())
    assert found.sign_agreement is None
    assert found.cut is None
    # Five equal tokens: three of reasoning, one of answer, one of format.
    shares = [found.segments[name].value for name in ("reasoning", "answer", "format")]
    assert shares == pytest.approx([0.6, 0.2, 0.2])


def test_a_method_that_credits_nothing_has_no_shares() -> None:
    found = summary([0.0] * 5, table())
    assert found.segments == {}
    assert (found.magnitude, found.credited) == (0.0, 0.0)
    assert found.sign_agreement is not None
    assert found.sign_agreement.value == 0.0


def test_a_table_without_tokens() -> None:
    found = summary([], empty())
    assert set(found.quantiles.values()) == {0.0}
    assert (found.magnitude, found.credited, found.segments) == (0.0, 0.0, {})
    assert (found.sign_agreement, found.cut) == (None, None)
    nothing = {"reasoning": 0.0, "answer": 0.0, "format": 0.0}
    assert token_shares(np.zeros(0, dtype=np.uint8)) == nothing


def test_one_group_bounds_nothing() -> None:
    credit = table()
    one = Credit(**{**vars(credit), "groups": torch.zeros(3, dtype=torch.long)})
    found = summary([1.0] * 5, one)
    assert ends(found.segments["answer"]) == (-math.inf, math.inf)


def test_token_shares_by_hand() -> None:
    assert token_shares(SEGMENTS) == pytest.approx({"reasoning": 0.6, "answer": 0.2, "format": 0.2})


CREDIT = st.lists(st.integers(-3, 3), min_size=4, max_size=12)


@given(CREDIT, st.data())
def test_rank_correlations_are_spearmans(first: list[int], data: st.DataObject) -> None:
    second = data.draw(st.lists(st.integers(-3, 3), min_size=len(first), max_size=len(first)))
    found = rank_correlations({"a": np.array(first, float), "b": np.array(second, float)})
    varied = [len(set(values)) > 1 for values in (first, second)]
    assert found[0][0] == (pytest.approx(1) if varied[0] else None)
    assert found[0][1] == found[1][0]
    if all(varied):
        assert found[0][1] == pytest.approx(stats.spearmanr(first, second).statistic)
    else:
        assert found[0][1] is None


def test_rank_correlations_by_hand() -> None:
    credits = {
        "rising": np.array([1.0, 2.0, 3.0, 4.0]),
        "steep": np.array([1.0, 10.0, 1e3, 1e6]),
        "falling": np.array([4.0, 3.0, 2.0, 1.0]),
        "tied": np.array([0.0, 0.0, 1.0, 1.0]),
        "constant": np.full(4, 0.75),
    }
    found = rank_correlations(credits)
    # Ranks 1.5, 1.5, 3.5, 3.5 against 1 to 4: covariance (-1)(-1.5 - .5) + (1)(.5 + 1.5) = 4,
    # norms sqrt(4) and sqrt(5): 4 / sqrt(20).
    tied = 4 / math.sqrt(20)
    assert found[0][:4] == pytest.approx([1, 1, -1, tied])
    assert found[0][4] is None
    assert found[4] == [None] * 5
    assert rank_correlations({}) == []


def test_credit_within_responses_by_hand() -> None:
    values = np.array([1.0, 3.0, 5.0, 2.0, 4.0], dtype=np.float32)
    # Means 2, 5 and 3; the response without tokens changes nothing.
    found = within_responses(values, np.array([0, 0, 1, 3, 3]))
    assert found.tolist() == [-1, 1, 0, -1, 1]


def test_equal_tokens_of_a_response_stay_ties() -> None:
    """A mean of equal numbers is off by a rounding error, which ranks would blow up."""
    values = np.full(7, 0.1, dtype=np.float32)
    assert within_responses(values, np.zeros(7, dtype=int)).tolist() == [0.0] * 7
    credits = {"plain": within_responses(values, np.array([0, 0, 0, 1, 1, 1, 1]))}
    assert rank_correlations(credits) == [[None]]
