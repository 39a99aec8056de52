import math

import pytest
import torch

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.divergences.jsd import JSD
from rlsd_pipeline.models.logprobs import Support
from rlsd_pipeline.update.engine_correction import engine_ratios
from rlsd_pipeline.update.importance import importance_ratio
from rlsd_pipeline.update.policy_loss import clipped_policy_loss
from rlsd_pipeline.update.token_loss import Tokens, token_loss
from rlsd_pipeline.weighting.method import TokenStreams

HUGE = math.exp(20)


def test_the_ratio_is_exact_within_the_bound_and_the_bound_beyond_it() -> None:
    old = torch.tensor([-1.0, -1.5, -30.0, -1e4, 0.0, 0.0])
    new = torch.tensor([-1.5, -1.0, -10.5, 0.0, -30.0, -math.inf])
    expected = [math.exp(-0.5), math.exp(0.5), math.exp(19.5), HUGE, 1 / HUGE, 1 / HUGE]
    assert importance_ratio(new, old).tolist() == pytest.approx(expected, rel=1e-6)


def test_gradients_end_at_the_bound() -> None:
    new = torch.tensor([-1.0, -1.0, -25.0], requires_grad=True)
    importance_ratio(new, torch.tensor([-1.0, -1e4, 0.0])).sum().backward()
    assert new.grad is not None
    assert new.grad.tolist() == [1.0, 0.0, 0.0]


def test_engines_far_apart_in_either_direction_have_finite_positive_ratios() -> None:
    found = engine_ratios(torch.tensor([-1e4, 0.0]), torch.tensor([0.0, -1e4]))
    assert found.tolist() == pytest.approx([1 / HUGE, HUGE])


@pytest.mark.parametrize("advantage", [-1.0, 0.0, 1.0])
def test_one_absurd_old_logprob_leaves_every_gradient_finite(advantage: float) -> None:
    new = torch.tensor([-1.0, -2.0], requires_grad=True)
    loss = clipped_policy_loss(
        new,
        torch.tensor([-1.0, -1e4]),
        torch.tensor([1.0, advantage]),
        torch.tensor([0.5, 0.5]),
        clip_low=0.2,
        clip_high=0.28,
    )
    loss.loss.backward()
    assert new.grad is not None
    # d(-ρ A s) = -1 · 1 · 0.5 at the token that is on policy; none from beyond the bound.
    assert new.grad.tolist() == [-0.5, 0.0]
    assert loss.ratio.tolist() == pytest.approx([1.0, HUGE])


def test_distillation_weighed_by_the_ratio_is_finite() -> None:
    logits = torch.tensor([[0.0, 1.0], [1.0, 0.0]], requires_grad=True)
    teacher = Support(
        torch.tensor([[0], [1]]), torch.tensor([[-0.7], [-0.7]]), torch.full((2,), -0.7)
    )
    weights = torch.tensor([1.0, 0.0])
    found = token_loss(
        logits,
        torch.tensor([0, 1]),
        Tokens(torch.tensor([-1e4, -1e4]), TokenStreams(distillation_weights=weights), teacher),
        torch.tensor([0.5, 0.5]),
        UpdateConfig(distillation_ratio_clip=2.0),
        JSD(top_k=1),
    )
    found.loss.backward()
    assert found.loss.isfinite()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
