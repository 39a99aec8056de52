"""Which entries are kept, what the rest can hide, and places without a distribution."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.divergences.divergence import StoredDivergence
from rlsd_pipeline.divergences.forward_kl import ForwardKL
from rlsd_pipeline.divergences.jsd import JSD
from rlsd_pipeline.divergences.reverse_kl import ReverseKL
from rlsd_pipeline.models.logprobs import EMPTY, Support, likeliest, on_support
from rlsd_pipeline.update.divergence import token_divergence
from rlsd_pipeline.update.token_loss import Tokens, token_loss
from rlsd_pipeline.weighting.method import TokenStreams

DIVERGENCES = [ForwardKL(), ReverseKL(), JSD(beta=0.1), JSD(beta=0.5), JSD(beta=0.9)]
EVERY = pytest.mark.parametrize("config", DIVERGENCES, ids=str)

TOKENS, VOCABULARY = 5, 30
SUPPRESSED = [3, 4, 17]


def tables(suppressed: bool = True, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """Logits of teacher and student in float32."""
    generator = torch.Generator().manual_seed(0)
    made = scale * torch.randn(2, TOKENS, VOCABULARY, generator=generator)
    if suppressed:
        made[:, :, SUPPRESSED] = float("-inf")
    return made[0], made[1]


def gradient(config: StoredDivergence, support: Support, logits: Tensor) -> tuple[Tensor, Tensor]:
    leaf = logits.clone().requires_grad_()
    found = token_divergence(config, support, leaf)
    return found.detach(), torch.autograd.grad(found.sum(), leaf)[0]


def over_everything(
    config: StoredDivergence, teacher: Tensor, student: Tensor
) -> tuple[Tensor, Tensor]:
    """Value and gradient without entries, bucket or logarithm of a sum."""
    leaf = student.clone().requires_grad_()
    theirs, ours = teacher.softmax(-1), leaf.softmax(-1)
    allowed = teacher.isfinite()[0]
    theirs, ours = theirs[:, allowed], ours[:, allowed]
    if isinstance(config, ForwardKL):
        value = (theirs * (theirs / ours).log()).sum(-1)
    elif isinstance(config, ReverseKL):
        value = (ours * (ours / theirs).log()).sum(-1)
    else:
        mixture = config.beta * theirs + (1 - config.beta) * ours
        value = config.beta * (theirs * (theirs / mixture).log()).sum(-1)
        value = value + (1 - config.beta) * (ours * (ours / mixture).log()).sum(-1)
    return value.detach(), torch.autograd.grad(value.sum(), leaf)[0]


@EVERY
@pytest.mark.parametrize("suppressed", [False, True])
@pytest.mark.parametrize("top_k", [None, VOCABULARY - len(SUPPRESSED), VOCABULARY, 10 * VOCABULARY])
def test_the_whole_vocabulary_as_support(
    config: StoredDivergence, suppressed: bool, top_k: int | None
) -> None:
    if top_k == VOCABULARY - len(SUPPRESSED) and not suppressed:
        return
    teacher, student = tables(suppressed)
    support = on_support(teacher, likeliest(teacher, top_k))
    value, slope = gradient(config, support, student)
    expected, right = over_everything(config, teacher, student)
    torch.testing.assert_close(value, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(slope, right, rtol=0, atol=1e-6)


@EVERY
def test_all_but_one_entry_is_the_whole_vocabulary_too(config: StoredDivergence) -> None:
    """The bucket then holds a single token."""
    teacher, student = tables()
    count = VOCABULARY - len(SUPPRESSED)
    value, slope = gradient(config, on_support(teacher, likeliest(teacher, count - 1)), student)
    expected, right = over_everything(config, teacher, student)
    torch.testing.assert_close(value, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(slope, right, rtol=0, atol=1e-6)


@EVERY
@settings(max_examples=60)
@given(
    st.integers(2, 8).flatmap(
        lambda size: st.tuples(
            st.lists(st.floats(-6, 6), min_size=size, max_size=size),
            st.lists(st.floats(-6, 6), min_size=size, max_size=size),
            st.permutations(range(size)),
        )
    )
)
def test_fewer_entries_never_show_more(
    config: StoredDivergence, case: tuple[list[float], list[float], list[int]]
) -> None:
    """The data processing inequality: merging entries can only hide a difference."""
    teacher, student = (torch.tensor([row], dtype=torch.float64) for row in case[:2])
    shown = [
        token_divergence(config, on_support(teacher, torch.tensor([case[2][:size]])), student)
        for size in range(1, len(case[2]) + 1)
    ]
    for fewer, more in pairwise(shown):
        assert fewer.item() <= more.item() + 1e-12


@EVERY
@pytest.mark.parametrize("top_k", [1, 5, None])
@pytest.mark.parametrize("scale", [0.1, 20.0])
def test_nothing_is_to_be_learnt_from_oneself(
    config: StoredDivergence, top_k: int | None, scale: float
) -> None:
    teacher, _ = tables(scale=scale)
    value, slope = gradient(config, on_support(teacher, likeliest(teacher, top_k)), teacher)
    # Logits of 60 are told apart by 4e-6.
    assert value.abs().max() < 4e-6
    assert slope.abs().max() < 4e-6


@EVERY
@pytest.mark.parametrize("entry_clip", [None, 0.05])
def test_far_apart_is_finite(config: StoredDivergence, entry_clip: float | None) -> None:
    """Each is certain of what the other rules out."""
    teacher, student = torch.full((2, 6), -500.0), torch.full((2, 6), -500.0)
    teacher[:, 0] = student[:, 1] = 500.0
    config = config.model_copy(update={"entry_clip": entry_clip})
    for top_k in (1, 2, 6):
        value, slope = gradient(config, on_support(teacher, likeliest(teacher, top_k)), student)
        assert value.isfinite().all()
        assert slope.isfinite().all()
        if entry_clip is None:
            # One nat to the log of 0, or the most that JSD can be.
            bound = 100.0
            if isinstance(config, JSD):
                beta = config.beta
                bound = -beta * math.log(beta) - (1 - beta) * math.log(1 - beta)
            assert value.tolist() == pytest.approx([bound] * 2, rel=1e-5)


def unasked(count: int, size: int) -> Support:
    """What stands where the teacher was not asked."""
    return Support(
        torch.zeros(count, size, dtype=torch.long),
        torch.full((count, size), EMPTY),
        torch.zeros(count),
    )


@EVERY
@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize("entry_clip", [None, 0.05])
def test_where_the_teacher_was_not_asked_nothing_is_learnt(
    config: StoredDivergence, size: int, entry_clip: float | None
) -> None:
    teacher, student = tables()
    config = config.model_copy(update={"entry_clip": entry_clip})
    asked = on_support(teacher, likeliest(teacher, size))
    both = Support(*(torch.cat(parts) for parts in zip(asked, unasked(3, size), strict=True)))
    # Even where the student is certain of the token that fills the ids.
    certain = torch.full((3, VOCABULARY), float("-inf"))
    certain[0, 0], certain[1, 1], certain[2] = 0.0, 0.0, student[0]
    leaf = torch.cat([student, certain]).requires_grad_()
    count, far = len(leaf), torch.zeros(len(leaf), dtype=torch.long)
    far[-2] = 1
    weights = torch.tensor([1.0] * TOKENS + [0.0] * 3)
    tokens = Tokens(torch.zeros(count), TokenStreams(distillation_weights=weights), both)
    shares = torch.full((count,), 0.25)
    found = token_loss(leaf, far, tokens, shares, UpdateConfig(), config)
    found.loss.backward()
    assert leaf.grad is not None
    assert leaf.grad.isfinite().all()
    assert torch.equal(leaf.grad[TOKENS:], torch.zeros(3, VOCABULARY))
    value, slope = gradient(config, asked, student)
    assert found.loss.item() == pytest.approx(0.25 * value.sum().item(), abs=1e-6)
    torch.testing.assert_close(leaf.grad[:TOKENS], 0.25 * slope, rtol=0, atol=1e-7)
