import math
from collections.abc import Callable

import pytest
import torch

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.update.token_loss import Tokens, token_loss
from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.sdar import SDAR

CreditOf = Callable[..., Credit]

# At β = 5 a gain of ±ln 3 / 5 has the gates ¾ and ¼.
GAIN = [[math.log(3) / 5, -math.log(3) / 5], [0.0]]


def made(credit_of: CreditOf) -> Credit:
    return credit_of(GAIN, advantages=[1.0, -0.5], informed=[True, False])


def test_the_published_pull_makes_every_token_likelier(credit_of: CreditOf) -> None:
    streams = SDAR(coefficient=0.2).streams(made(credit_of))
    assert streams.token_advantages is not None
    assert streams.token_advantages.tolist() == [1.0, 1.0, -0.5]
    assert streams.nll_weights is not None
    assert streams.nll_weights.tolist() == pytest.approx([0.15, 0.05, 0.0])


def test_as_a_policy_gradient_a_rejected_token_becomes_less_likely(credit_of: CreditOf) -> None:
    found = SDAR(coefficient=0.2, form="policy_gradient").streams(made(credit_of))
    assert found.nll_weights is None
    assert found.token_advantages is not None
    nats = math.log(3) / 5
    expected = [1 + 0.15 * nats, 1 - 0.05 * nats, -0.5]
    assert found.token_advantages.tolist() == pytest.approx(expected)


def test_the_likelihood_has_the_gradient_of_the_published_loss(credit_of: CreditOf) -> None:
    logits = torch.randn(3, 5, generator=torch.Generator().manual_seed(0), requires_grad=True)
    ids, credit = torch.tensor([1, 4, 2]), made(credit_of)
    chosen = logits.log_softmax(-1)[range(3), ids]
    streams = SDAR(coefficient=0.2).streams(credit)._replace(token_advantages=None)
    tokens = Tokens(chosen.detach(), streams, teacher=None)
    shares = torch.full((3,), 1 / 3)
    ours = token_loss(logits, ids, tokens, shares, UpdateConfig(), None).loss
    (found,) = torch.autograd.grad(ours, logits)
    gate = torch.tensor([0.75, 0.25, 0.0])
    theirs = 0.2 * (gate * (credit.teacher_logprobs - logits.log_softmax(-1)[range(3), ids])).mean()
    (expected,) = torch.autograd.grad(theirs, logits)
    assert torch.allclose(found, expected, atol=1e-7)
