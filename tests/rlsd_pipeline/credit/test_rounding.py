"""How many of the tokens that a threshold selects are rounding."""

import pyarrow as pa
import pytest
import torch

from rlsd_pipeline.credit.rounding import Selected, rounding, selected
from rlsd_pipeline.credit.selection import Selection
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.method import Credit

NAN = float("nan")


class Threshold(GRPO):
    """Selects where the teacher differs by more than a tenth of a nat from the student."""

    reads = frozenset({"student_logprobs", "correct_sibling_logprobs"})

    def selects(self, credit: Credit) -> Selection:
        sizes = (credit.column("correct_sibling_logprobs") - credit.student_logprobs).abs()
        return Selection(sizes > 0.1, sizes, 0.1)


class Larger(GRPO):
    """Selects where the teacher differs more than on average."""

    reads = frozenset({"student_logprobs", "correct_sibling_logprobs"})

    def selects(self, credit: Credit) -> Selection:
        sizes = (credit.column("correct_sibling_logprobs") - credit.student_logprobs).abs()
        return Selection(sizes > sizes.mean(), sizes, sizes.mean().expand(len(sizes)))


def credit(*siblings: float) -> Credit:
    tokens = len(siblings)
    return Credit(
        rewards=torch.zeros(1, dtype=torch.float64),
        correct=torch.zeros(1, dtype=torch.bool),
        advantages=torch.zeros(1),
        groups=torch.zeros(1, dtype=torch.long),
        informed=torch.zeros(1, dtype=torch.bool),
        rows=torch.zeros(tokens, dtype=torch.long),
        reasoning=torch.ones(tokens, dtype=torch.bool),
        student_logprobs=torch.full((tokens,), -1.0),
        teacher_logprobs=None,
        correct_sibling_logprobs=torch.tensor(siblings),
    )


def test_rounding_below_the_threshold_selects_nothing_and_above_it_all_that_is_known() -> None:
    # Differences of 1, 0, 0.5 and 0 nats, and one token that no sibling speaks of.
    table = credit(-2.0, -1.0, -1.5, -1.0, NAN)
    assert selected(Threshold(), table, torch.full((5,), 0.05)) == Selected(0.4, 0.0)
    assert selected(Threshold(), table, torch.full((5,), -0.2)) == Selected(0.4, 1.0)
    one = torch.tensor([0.2, 0.0, 0.0, 0.0, 0.0])
    found = selected(Threshold(), table, one)
    # The one large error falls on one of five tokens; two are selected.
    assert found in (Selected(0.4, 0.5), Selected(0.4, 0.0))
    assert selected(Threshold(), table, None) == Selected(0.4, None)
    assert selected(Threshold(), credit(-1.0), torch.ones(1)) == Selected(0.0, None)
    assert selected(GRPO(), table, None) is None


def test_a_bound_that_follows_the_table_is_that_of_the_table_itself() -> None:
    """Rounding always exceeds its own mean somewhere, and here nowhere the table's of ½ nat."""
    table = credit(-2.0, -1.0, -2.0, -1.0)
    noise = torch.tensor([0.3, -0.1, 0.2, 0.1])
    assert selected(Larger(), table, noise) == Selected(0.5, 0.0)
    # Two of four errors are larger than ½, as many as are selected.
    assert selected(Larger(), table, torch.tensor([0.6, 0.1, -0.7, 0.1])) == Selected(0.5, 1.0)


def test_the_size_of_rounding_is_measured_where_it_can_be() -> None:
    scored = pa.table({"student_logprobs": pa.array([[-1.0, -2.0], [-0.5]])})
    sampled = pa.table({"rollout_logprobs": pa.array([[-1.25, -2.0], [-0.25]])})
    found = rounding(sampled, scored, gap=0.5)
    assert found is not None
    assert found.tolist() == [0.25, 0.0, -0.25]
    same = pa.table({"rollout_logprobs": scored["student_logprobs"]})
    bound = rounding(same, scored, gap=0.5)
    assert bound is not None
    assert bound.abs().tolist() == pytest.approx([0.5] * 3)
    unknown = pa.table({"rollout_logprobs": pa.nulls(2, pa.list_(pa.float64()))})
    assert rounding(unknown, scored, gap=None) is None
