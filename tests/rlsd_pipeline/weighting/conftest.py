"""Small tables written by hand."""

import math
from collections.abc import Callable, Mapping, Sequence

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.advantages.standardised import Standardised
from rlsd_pipeline.credit.columns import ASKED
from rlsd_pipeline.weighting.method import Credit

STUDENT = -4.0


def _credit(
    gain: Sequence[Sequence[float]],
    *,
    advantages: Sequence[float] | None = None,
    rewards: Sequence[float] | None = None,
    groups: Sequence[int] | None = None,
    correct: Sequence[bool] | None = None,
    informed: Sequence[bool] | None = None,
    reasoning: Sequence[Sequence[bool]] | None = None,
    teacher: bool = True,
    values: bool = True,
    token_ids: Sequence[Sequence[int]] | None = None,
    columns: Mapping[str, Sequence[Sequence[float] | None]] | None = None,
    without: Sequence[str] = (),
) -> Credit:
    count = len(gain)
    lengths = torch.tensor([len(row) for row in gain], dtype=torch.long)
    rows = torch.arange(count).repeat_interleave(lengths)
    asked = torch.tensor([True] * count if informed is None else informed, dtype=torch.bool)
    flat = torch.tensor([value for row in gain for value in row], dtype=torch.float32)
    student = torch.full_like(flat, STUDENT)
    scores = torch.tensor([0.0] * count if rewards is None else rewards, dtype=torch.float64)
    members = torch.tensor([0] * count if groups is None else groups, dtype=torch.long)
    relative = Standardised().advantages(scores, members).float()
    if advantages is not None:
        relative = torch.tensor(advantages, dtype=torch.float32)
    # Sixteenths, as the tests draw them: equal gains are equal tokens, counted from 0.
    signed = (16 * flat).round().int()
    ids = torch.where(signed < 0, -2 * signed - 1, 2 * signed)
    if token_ids is not None:
        ids = torch.tensor([i for row in token_ids for i in row], dtype=torch.int32)
    parts = [True] * len(flat)
    if reasoning is not None:
        parts = [value for row in reasoning for value in row]
    return Credit(
        rewards=scores,
        correct=scores == 1.0 if correct is None else torch.tensor(correct, dtype=torch.bool),
        advantages=relative,
        groups=members,
        informed=asked,
        rows=rows,
        reasoning=torch.tensor(parts, dtype=torch.bool),
        student_logprobs=student,
        teacher_logprobs=student + flat.masked_fill(~asked[rows], 0.0) if teacher else None,
        true_advantages=flat.clone() if values else None,
        token_ids=ids,
        **_columns(flat, rows, asked, gain, columns or {}, without),
    )


def _columns(
    flat: Tensor,
    rows: Tensor,
    asked: Tensor,
    gain: Sequence[Sequence[float]],
    given: Mapping[str, Sequence[Sequence[float] | None]],
    without: Sequence[str],
) -> dict[str, Tensor]:
    """Every column that methods may ask for: out of the gains, or as given."""
    none = ~asked[rows]
    found = {
        "student_entropy": flat.abs(),
        "student_squared_probs": 1 / (1 + flat.abs()),
        "teacher_entropy": (flat.abs() / 2).masked_fill(none, torch.nan),
        "correct_sibling_logprobs": (STUDENT + flat).masked_fill(none, torch.nan),
        "wrong_sibling_logprobs": (STUDENT - flat).masked_fill(none, torch.nan),
        "mean_wrong_sibling_logprobs": (STUDENT - flat / 2).masked_fill(none, torch.nan),
        "blank_image_logprobs": (STUDENT - flat).masked_fill(none, torch.nan),
        "blurred_image_logprobs": (STUDENT - flat / 2).masked_fill(none, torch.nan),
        "patched_image_logprobs": (STUDENT - flat / 4).masked_fill(none, torch.nan),
        "base_logprobs": STUDENT - flat / 8,
    }
    assert found.keys() == ASKED
    for name, values in given.items():
        parts = zip(values, gain, strict=True)
        whole = [[math.nan] * len(like) if one is None else one for one, like in parts]
        found[name] = torch.tensor([n for row in whole for n in row], dtype=torch.float32)
    return {name: values for name, values in found.items() if name not in without}


@pytest.fixture(scope="session")
def credit_of() -> Callable[..., Credit]:
    """Builds a table from the information gain of each rollout's tokens, one list a rollout.

    The student gives every token -4 nats. Advantages follow from rewards and groups unless they are
    given; a reward of 1 is correct unless told otherwise; all tokens are reasoning and all rollouts
    informed unless told otherwise. The gains are the true advantages too, unless there are none,
    and tell tokens apart where no ids are given. The columns that methods may ask for follow from
    the gains, and are nan where a rollout is not informed; `columns` gives others, one list a
    rollout or None for a rollout that has none, and those named in `without` are not there.
    """
    return _credit
