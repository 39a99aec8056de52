"""The sampled form of OPSD is an unbiased estimate of the reverse KL's gradient (eq. 15)."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.divergences.reverse_kl import ReverseKL
from rlsd_pipeline.divergences.sampled import Sampled
from rlsd_pipeline.models.logprobs import chosen_logprobs, likeliest, on_support
from rlsd_pipeline.update.divergence import token_divergence
from rlsd_pipeline.update.token_loss import Tokens, token_loss
from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.opsd import OPSD

SAMPLES, VOCABULARY = 40_000, 6
# One run in a million differs by more in one coordinate; the seed is fixed.
ERRORS = 4.9


class Mean(NamedTuple):
    """A mean of independent samples and its standard error, by coordinate."""

    value: Tensor
    error: Tensor

    def furthest(self, expected: Tensor) -> float:
        """Largest distance to what is expected, in standard errors."""
        return ((self.value - expected).abs() / self.error).max().item()


def mean_of(samples: Tensor) -> Mean:
    return Mean(samples.mean(0), samples.std(0) / len(samples) ** 0.5)


def credit_of(student: Tensor, teacher: Tensor) -> Credit:
    """One token a rollout; there is no reward."""
    count = len(student)
    return Credit(
        rewards=torch.zeros(count, dtype=torch.float64),
        correct=torch.zeros(count, dtype=torch.bool),
        advantages=torch.zeros(count),
        groups=torch.zeros(count, dtype=torch.long),
        informed=torch.ones(count, dtype=torch.bool),
        rows=torch.arange(count),
        reasoning=torch.ones(count, dtype=torch.bool),
        student_logprobs=student,
        teacher_logprobs=teacher,
    )


def sampled_gradients(teacher: Tensor, student: Tensor, token_ids: Tensor) -> Tensor:
    """What the update does with each sampled token; `[samples, vocabulary]`.

    Args:
        teacher: Logits at each sample.
        student: Logits at each sample.
        token_ids: Drawn from the student.
    """
    leaf = student.clone().requires_grad_()
    old = chosen_logprobs(student, token_ids)
    streams = OPSD(divergence=Sampled()).streams(
        credit_of(old, chosen_logprobs(teacher, token_ids))
    )
    tokens = Tokens(old, streams, None)
    shares = torch.full((len(token_ids),), 1 / len(token_ids), dtype=torch.float64)
    token_loss(leaf, token_ids, tokens, shares, UpdateConfig(), None).loss.backward()
    assert leaf.grad is not None
    return leaf.grad * len(token_ids)


def wrong_gradients(teacher: Tensor, student: Tensor, token_ids: Tensor) -> Tensor:
    """The other form, log T - log S as a loss: the detached teacher drops out."""
    leaf = student.clone().requires_grad_()
    loss = (chosen_logprobs(teacher, token_ids) - chosen_logprobs(leaf, token_ids)).sum()
    return torch.autograd.grad(loss, leaf)[0]


def exact_gradient(teacher: Tensor, student: Tensor) -> Tensor:
    """Of the reverse KL over the whole vocabulary; `[tokens, vocabulary]`."""
    leaf = student.clone().requires_grad_()
    support = on_support(teacher, likeliest(teacher, None))
    value = token_divergence(ReverseKL(top_k=None), support, leaf)
    return torch.autograd.grad(value.sum(), leaf)[0]


@pytest.fixture(scope="module")
def logits() -> tuple[Tensor, Tensor]:
    """Teacher and student of a chain of two tokens: at the start and after each first token."""
    generator = torch.Generator().manual_seed(0)
    shape = (2, 1 + VOCABULARY, VOCABULARY)
    teacher, student = torch.randn(*shape, generator=generator, dtype=torch.float64)
    return teacher, student


def test_one_token(logits: tuple[Tensor, Tensor]) -> None:
    teacher, student = (table[:1] for table in logits)
    generator = torch.Generator().manual_seed(1)
    drawn = student[0].softmax(-1).multinomial(SAMPLES, True, generator=generator)
    every = [table.expand(SAMPLES, -1) for table in (teacher, student)]
    exact = exact_gradient(teacher, student)[0]
    assert exact.abs().max() > 0.4
    found = mean_of(sampled_gradients(*every, drawn))
    assert found.furthest(exact) < ERRORS
    wrong = mean_of(wrong_gradients(*every, drawn))
    assert wrong.furthest(exact) > 20
    # It points nowhere: the expectation of a score is 0, whatever the teacher says.
    assert wrong.furthest(torch.zeros(VOCABULARY)) < ERRORS


def test_two_tokens_on_the_students_own_prefixes(logits: tuple[Tensor, Tensor]) -> None:
    """In expectation each place counts as often as the student comes there."""
    teacher, student = logits
    generator = torch.Generator().manual_seed(2)
    first = student[0].softmax(-1).multinomial(SAMPLES, True, generator=generator)
    second = student[1 + first].softmax(-1).multinomial(1, generator=generator)[:, 0]
    exact = exact_gradient(teacher, student)
    exact[1:] *= student[0].softmax(-1)[:, None]

    def per_sample(gradients: object) -> Tensor:
        """The gradients of both tokens in the whole table; `[samples, places, vocabulary]`."""
        made = torch.zeros(SAMPLES, *student.shape, dtype=torch.float64)
        for place, drawn in ((torch.zeros_like(first), first), (1 + first, second)):
            values = gradients(teacher[place], student[place], drawn)  # type: ignore[operator]
            made[torch.arange(SAMPLES), place] += values
        return made

    assert mean_of(per_sample(sampled_gradients)).furthest(exact) < ERRORS
    assert mean_of(per_sample(wrong_gradients)).furthest(exact) > 20


def test_the_estimate_is_still_when_the_student_is_the_teacher(
    logits: tuple[Tensor, Tensor],
) -> None:
    """Each sample's gradient, not only their mean."""
    teacher = logits[0][:1].expand(VOCABULARY, -1)
    found = sampled_gradients(teacher, teacher, torch.arange(VOCABULARY))
    assert torch.equal(found, torch.zeros_like(found))
