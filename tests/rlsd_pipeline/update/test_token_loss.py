"""The components of the loss, by hand."""

import math

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.divergences.forward_kl import ForwardKL
from rlsd_pipeline.divergences.reverse_kl import ReverseKL
from rlsd_pipeline.models.logprobs import Support, on_support
from rlsd_pipeline.update.policy_loss import token_shares
from rlsd_pipeline.update.token_loss import TokenLoss, Tokens, token_loss
from rlsd_pipeline.weighting.method import TokenStreams

# Three tokens of two responses over a vocabulary of two; log S(y) = ln 1/4, ln 1/2, ln 3/4.
STUDENT = [[1 / 4, 3 / 4], [1 / 2, 1 / 2], [1 / 4, 3 / 4]]
TOKEN_IDS = torch.tensor([0, 0, 1])
TEACHER = [[1 / 2, 1 / 2], [1 / 2, 1 / 2], [1 / 2, 1 / 2]]
# KL(T ‖ S) = 1/2 ln 2 + 1/2 ln(2/3), 0, the same.
FAR = 0.1438410
# log π_0(y): log S(y) is ln 2 above it, equal to it and ln 3 above it.
BASE = torch.tensor([1 / 8, 1 / 2, 1 / 4], dtype=torch.float64).log()
# By sequence: 1 / (2 * 2), 1 / (2 * 2), 1 / (2 * 1).
SHARES = token_shares(torch.tensor([2, 1]), "sequence").double()


def logits_of(table: list[list[float]]) -> Tensor:
    return torch.tensor(table, dtype=torch.float64).log()


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def teacher() -> Support:
    return on_support(logits_of(TEACHER), torch.tensor([[0]] * 3))


def loss(
    streams: TokenStreams,
    *,
    logits: Tensor | None = None,
    ratios: tuple[float, float, float] = (1.0, 1.0, 1.0),
    config: UpdateConfig | None = None,
) -> TokenLoss:
    logits = logits_of(STUDENT) if logits is None else logits
    now = numbers(math.log(1 / 4), math.log(1 / 2), math.log(3 / 4))
    tokens = Tokens(now - numbers(*ratios).log(), streams, teacher(), base_logprobs=BASE)
    return token_loss(logits, TOKEN_IDS, tokens, SHARES, config or UpdateConfig(), ForwardKL())


def test_policy_gradient() -> None:
    found = loss(TokenStreams(token_advantages=numbers(2, -4, 1)), ratios=(1.0, 1.0, 2.0))
    # -(2 / 4 - 4 / 4 + 1.28 / 2) = -0.14: the last ratio is cut to 1.28.
    assert found.parts == {"loss_policy_gradient": pytest.approx(-0.14)}
    assert found.loss.item() == pytest.approx(-0.14)
    assert found.ratio.tolist() == pytest.approx([1, 1, 2])
    assert found.clipped.tolist() == [False, False, True]


def test_distillation() -> None:
    found = loss(TokenStreams(distillation_weights=numbers(2, 5, 1)))
    # 2 D / 4 + 0 + D / 2.
    assert found.parts == {"loss_distillation": pytest.approx(FAR, abs=1e-7)}
    assert found.loss.item() == pytest.approx(FAR, abs=1e-7)
    assert found.clipped is None


def test_likelihood() -> None:
    found = loss(TokenStreams(nll_weights=numbers(1, 0, 2)))
    # ln 4 / 4 + 0 + 2 ln(4/3) / 2.
    expected = math.log(4) / 4 + math.log(4 / 3)
    assert found.parts == {"loss_nll": pytest.approx(expected)}
    assert found.loss.item() == pytest.approx(expected)


def test_anchor() -> None:
    leaf = logits_of(STUDENT).requires_grad_()
    found = loss(TokenStreams(anchor_weights=numbers(2, 5, 1)), logits=leaf)
    # 2/2 ln²2 / 4 + 0 + 1/2 ln²3 / 2.
    expected = math.log(2) ** 2 / 4 + math.log(3) ** 2 / 4
    assert found.parts == {"loss_anchor": pytest.approx(expected)}
    assert found.loss.item() == pytest.approx(expected)
    found.loss.backward()
    assert leaf.grad is not None
    # a (log S - log π_0) times the share, times d log S(y) / d logits = 1 at y, less S: of the
    # first token 2 ln 2 / 4 [3/4, -3/4], of the last ln 3 / 2 [-1/4, 1/4].
    first, last = 3 / 8 * math.log(2), math.log(3) / 8
    torch.testing.assert_close(
        leaf.grad, torch.stack([numbers(first, -first), numbers(0, 0), numbers(-last, last)])
    )


def test_the_first_step_of_the_anchor_is_a_policy_gradient() -> None:
    """With ρ = 1 it is that of the advantage a (log π_0 - log π_S), which `compare` shows."""
    now = numbers(math.log(1 / 4), math.log(1 / 2), math.log(3 / 4))
    weights, gradients = numbers(2, 5, 1), []
    for streams in (
        TokenStreams(anchor_weights=weights),
        TokenStreams(token_advantages=weights * (BASE - now)),
    ):
        leaf = logits_of(STUDENT).requires_grad_()
        loss(streams, logits=leaf).loss.backward()
        assert leaf.grad is not None
        gradients.append(leaf.grad)
    torch.testing.assert_close(*gradients)


def test_a_missing_base_model_is_named() -> None:
    tokens = Tokens(numbers(0, 0, 0), TokenStreams(anchor_weights=numbers(1, 1, 1)), None)
    with pytest.raises(ValueError, match="anchor_weights need `base_logprobs`"):
        token_loss(logits_of(STUDENT), TOKEN_IDS, tokens, SHARES, UpdateConfig(), None)


def test_components_are_summed_with_one_mean() -> None:
    streams = TokenStreams(numbers(2, -4, 1), numbers(2, 5, 1), numbers(1, 0, 2), numbers(0, 3, 1))
    leaf = logits_of(STUDENT).requires_grad_()
    both = loss(streams, logits=leaf)
    alone = [
        loss(TokenStreams(**{name: getattr(streams, name)}), logits=leaf)
        for name in TokenStreams._fields
    ]
    names = ["policy_gradient", "distillation", "nll", "anchor"]
    assert list(both.parts) == [f"loss_{name}" for name in names]
    for part in alone:
        assert part.parts.items() <= both.parts.items()
    assert both.loss.item() == pytest.approx(sum(both.parts.values()))
    (found,) = torch.autograd.grad(both.loss, leaf)
    expected = sum(torch.autograd.grad(part.loss, leaf)[0] for part in alone)
    torch.testing.assert_close(found, expected)


def test_likelihood_and_sampled_credit_have_one_gradient_on_policy() -> None:
    """With ρ = 1 an advantage of 1 is a weight of 1 on the likelihood."""
    gradients = []
    for name in ("token_advantages", "nll_weights"):
        leaf = logits_of(STUDENT).requires_grad_()
        loss(TokenStreams(**{name: numbers(1, 2, 3)}), logits=leaf).loss.backward()
        assert leaf.grad is not None
        gradients.append(leaf.grad)
    torch.testing.assert_close(*gradients)


def test_ratio_clip_of_the_divergence() -> None:
    streams = TokenStreams(distillation_weights=numbers(1, 1, 1))
    config = UpdateConfig(distillation_ratio_clip=2.0)
    # ρ = 3 counts as 2, 0.5 as it is: 2 D / 4 + 0.5 D / 2.
    cut = loss(streams, ratios=(3.0, 7.0, 0.5), config=config)
    assert cut.loss.item() == pytest.approx(0.75 * FAR, abs=1e-7)
    assert cut.ratio.tolist() == pytest.approx([3.0, 7.0, 0.5])
    # Without it rollouts of any age count alike: D / 4 + D / 2.
    plain = loss(streams, ratios=(3.0, 7.0, 0.5))
    assert plain.loss.item() == pytest.approx(0.75 * FAR, abs=1e-7)
    uncut = loss(streams, ratios=(1.5, 7.0, 1.0), config=config)
    # 1.5 D / 4 + D / 2.
    assert uncut.loss.item() == pytest.approx(0.875 * FAR, abs=1e-7)


def test_the_ratio_that_weighs_a_divergence_has_no_gradient() -> None:
    """Else the policy could lower the loss by making its old tokens unlikely."""
    streams = TokenStreams(distillation_weights=numbers(1, 1, 1))
    gradients = []
    for clip in (None, 2.0):
        leaf = logits_of(STUDENT).requires_grad_()
        config = UpdateConfig(distillation_ratio_clip=clip)
        loss(streams, logits=leaf, ratios=(1.5, 1.0, 0.5), config=config).loss.backward()
        assert leaf.grad is not None
        gradients.append(leaf.grad)
    expected = gradients[0] * numbers(1.5, 1.0, 0.5)[:, None]
    torch.testing.assert_close(gradients[1], expected)


def test_the_likelihood_is_not_weighed_by_the_ratio() -> None:
    config = UpdateConfig(distillation_ratio_clip=2.0)
    streams = TokenStreams(nll_weights=numbers(1, 1, 1))
    old = loss(streams, ratios=(3.0, 7.0, 0.5), config=config)
    assert old.loss.item() == pytest.approx(loss(streams).loss.item())


@pytest.mark.parametrize("missing", ["teacher", "divergence"])
def test_a_missing_distribution_is_named(missing: str) -> None:
    streams = TokenStreams(distillation_weights=numbers(1, 1, 1))
    tokens = Tokens(numbers(0, 0, 0), streams, None if missing == "teacher" else teacher())
    divergence = None if missing == "divergence" else ReverseKL()
    with pytest.raises(ValueError, match="distillation_weights need the teacher's distribution"):
        token_loss(logits_of(STUDENT), TOKEN_IDS, tokens, SHARES, UpdateConfig(), divergence)


def test_a_distribution_that_nothing_weighs_is_left_alone() -> None:
    found = loss(TokenStreams(token_advantages=numbers(2, -4, 1)))
    assert list(found.parts) == ["loss_policy_gradient"]
