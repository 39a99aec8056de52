import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rlsd_pipeline.diagnostics.leakage.corruption import (
    ReferenceShift,
    corruption_summary,
    total_variation_shift,
)
from tests.intervals import ends, numbers

RIGHT = torch.tensor([[0.7, 0.3, 0.0]]).log()
CORRUPTED = torch.tensor([[0.4, 0.6, 0.0]]).log()
NONE = torch.tensor([[0.5, 0.5, 0.0]]).log()


def triple(tokens: int, vocabulary: int, seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return list(torch.randn(3, tokens, vocabulary, generator=generator).log_softmax(-1))


def test_total_variation_by_hand() -> None:
    found = total_variation_shift(RIGHT, CORRUPTED, NONE)
    # Half of .2 + .2, of .3 + .3 and of .1 + .1; the third token is suppressed in all.
    assert found == pytest.approx((0.2, 0.3, 0.1, 1), abs=1e-6)


@given(st.integers(1, 6), st.integers(2, 6), st.integers(0, 10**6))
def test_a_metric_goes_no_further_than_its_legs(tokens: int, vocabulary: int, seed: int) -> None:
    right, corrupted, none = triple(tokens, vocabulary, seed)
    found = total_variation_shift(right, corrupted, none)
    assert found.total <= found.content + found.presence + 1e-9
    assert found.total <= tokens


@given(st.integers(0, 10**6))
def test_the_ends_of_the_content_share(seed: int) -> None:
    right, other, none = triple(4, 5, seed)
    # Any reference moves the teacher alike; then, a wrong one does nothing.
    alike = corruption_summary([total_variation_shift(right, right, none)], ["a"])
    unmoved = corruption_summary([total_variation_shift(right, none, none)], ["a"])
    between = corruption_summary([total_variation_shift(right, other, none)], ["a"])
    assert alike.content_share.value == pytest.approx(0, abs=1e-9)
    assert unmoved.content_share.value == pytest.approx(1)
    assert 0 < between.content_share.value < 1


def test_summary_by_hand() -> None:
    shifts = [ReferenceShift(2.0, 1.0, 3.0, 4), ReferenceShift(1.0, 2.0, 2.0, 1)]
    found = corruption_summary(shifts, ["a", "b"])
    # Over 5 tokens: 3, 3 and 5; the share is 3 / 8.
    assert found.total.value == pytest.approx(0.6)
    assert found.content.value == pytest.approx(0.6)
    assert found.presence.value == pytest.approx(1.0)
    assert found.content_share.value == pytest.approx(0.375)
    # Problem a alone 1 / 4, b alone 2 / 4.
    assert ends(found.content_share) == pytest.approx((0.25, 0.5))
    assert (found.rollouts, found.problems) == (2, 2)


def test_a_teacher_that_never_moves_has_no_share() -> None:
    found = corruption_summary([total_variation_shift(NONE, NONE, NONE)] * 2, ["a", "b"])
    assert numbers(found.total) == (0, 0, 0)
    assert math.isnan(found.content_share.value)


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="same tokens of one rollout"):
        total_variation_shift(RIGHT, CORRUPTED, torch.cat([NONE, NONE]))
