"""Values and gradients of the divergences, against references that share nothing with them."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import PreTrainedModel
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from rlsd_pipeline.divergences.divergence import StoredDivergence
from rlsd_pipeline.divergences.forward_kl import ForwardKL
from rlsd_pipeline.divergences.jsd import JSD
from rlsd_pipeline.divergences.reverse_kl import ReverseKL
from rlsd_pipeline.models.logprobs import likeliest, on_support
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.update.divergence import token_divergence

DIVERGENCES = [ForwardKL(), ReverseKL(), JSD(beta=0.1), JSD(beta=0.5), JSD(beta=0.9)]
EVERY = pytest.mark.parametrize("config", DIVERGENCES, ids=str)


def logits_of(*probabilities: list[float]) -> Tensor:
    return torch.tensor(probabilities, dtype=torch.float64).log()


def kl(first: np.ndarray, second: np.ndarray) -> float:
    """Σ p log(p / q) over entries that p has."""
    return sum(p * math.log(p / q) for p, q in zip(first, second, strict=True) if p > 0)


def by_hand(config: StoredDivergence, teacher: Tensor, student: Tensor, ids: list[int]) -> float:
    """One token in probabilities: softmax, the entries, and what is left as one more."""

    def merged(logits: Tensor) -> np.ndarray:
        weights = np.exp(logits.numpy() - logits.max().item())
        weights /= weights.sum()
        rest = sum(weights[v] for v in range(len(weights)) if v not in ids)
        return np.array([*(weights[v] for v in ids), rest])

    theirs, ours = merged(teacher), merged(student)
    if isinstance(config, ForwardKL):
        return kl(theirs, ours)
    if isinstance(config, ReverseKL):
        return kl(ours, theirs)
    mixture = config.beta * theirs + (1 - config.beta) * ours
    return config.beta * kl(theirs, mixture) + (1 - config.beta) * kl(ours, mixture)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        # T = (1/2, 1/2), S = (1/4, 3/4): 1/2 ln 2 + 1/2 ln(2/3).
        (ForwardKL(), 0.1438410),
        # 1/4 ln(1/2) + 3/4 ln(3/2).
        (ReverseKL(), 0.1308120),
        # M = (3/8, 5/8): 1/2 (1/2 ln(4/3) + 1/2 ln(4/5)) + 1/2 (1/4 ln(2/3) + 3/4 ln(6/5)).
        (JSD(beta=0.5), 0.0338221),
        # M = (1/5 T + 4/5 S) = (3/10, 7/10):
        # 1/5 (1/2 ln(5/3) + 1/2 ln(5/7)) + 4/5 (1/4 ln(5/6) + 3/4 ln(15/14)).
        (JSD(beta=0.2), 0.0223668),
    ],
)
@pytest.mark.parametrize("ids", [[0, 1], [1, 0], [0], [1]])
def test_two_tokens(config: StoredDivergence, expected: float, ids: list[int]) -> None:
    """With one entry kept the other is the bucket, which is the same."""
    teacher = on_support(logits_of([1 / 2, 1 / 2]), torch.tensor([ids]))
    found = token_divergence(config, teacher, logits_of([1 / 4, 3 / 4]))
    assert found.tolist() == pytest.approx([expected], abs=1e-7)


def test_what_the_bucket_hides() -> None:
    teacher, student = logits_of([1 / 2, 1 / 4, 1 / 4]), logits_of([1 / 4, 1 / 2, 1 / 4])
    every = on_support(teacher, torch.tensor([[0, 1, 2]]))
    one = on_support(teacher, torch.tensor([[0]]))
    # 1/2 ln 2 + 1/4 ln(1/2); merged it is (1/2, 1/2) and (1/4, 3/4) as above.
    assert token_divergence(ForwardKL(), every, student).item() == pytest.approx(0.1732868)
    assert token_divergence(ForwardKL(), one, student).item() == pytest.approx(0.1438410, abs=1e-7)


def test_a_bound_on_single_entries() -> None:
    student = logits_of([1 / 4, 3 / 4]).requires_grad_()
    teacher = on_support(logits_of([1 / 2, 1 / 2]), torch.tensor([[0, 1]]))
    found = token_divergence(ForwardKL(entry_clip=0.1), teacher, student)
    # Entries 1/2 ln 2 = 0.3466, cut to 0.1, and 1/2 ln(2/3) = -0.2027: only the sum is negative.
    assert found.item() == pytest.approx(0.1 - 0.2027326, abs=1e-7)
    # Only the second entry has a gradient: -T_1 (e_1 - S) = -1/2 (-1/4, 1 - 3/4).
    (gradient,) = torch.autograd.grad(found.sum(), student)
    assert gradient[0].tolist() == pytest.approx([0.125, -0.125])
    loose = token_divergence(ForwardKL(entry_clip=0.35), teacher, student)
    assert loose.item() == pytest.approx(0.1438410, abs=1e-7)


ENTRY = st.floats(-5, 5)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor]:
    """Logits of teacher and student over a small vocabulary, and entries to keep; float64."""
    tokens, vocabulary = draw(st.integers(1, 3)), draw(st.integers(2, 7))
    row = st.lists(ENTRY, min_size=vocabulary, max_size=vocabulary)
    table = st.lists(row, min_size=tokens, max_size=tokens)
    size = draw(st.integers(1, vocabulary))
    ids = [draw(st.permutations(range(vocabulary)))[:size] for _ in range(tokens)]
    teacher, student = (torch.tensor(draw(table), dtype=torch.float64) for _ in range(2))
    return teacher, student, torch.tensor(ids)


@EVERY
@settings(max_examples=60)
@given(problem=problems())
def test_values_are_those_of_the_slow_reference(
    config: StoredDivergence, problem: tuple[Tensor, Tensor, Tensor]
) -> None:
    teacher, student, ids = problem
    found = token_divergence(config, on_support(teacher, ids), student)
    rows = zip(teacher, student, ids.tolist(), strict=True)
    expected = [by_hand(config, *row) for row in rows]
    assert found.tolist() == pytest.approx(expected, abs=1e-10)
    assert (found > -1e-12).all()


def central_differences(loss: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """The slope of a scalar in each coordinate."""
    slopes = torch.zeros_like(at)
    step = 1e-6
    for place in np.ndindex(*at.shape):
        shift = torch.zeros_like(at)
        shift[place] = step
        slopes[place] = (loss(at + shift) - loss(at - shift)) / (2 * step)
    return slopes


@EVERY
@settings(max_examples=25)
@given(problem=problems())
def test_gradients_are_those_of_central_differences(
    config: StoredDivergence, problem: tuple[Tensor, Tensor, Tensor]
) -> None:
    teacher, student, ids = problem
    support = on_support(teacher, ids)
    weights = torch.linspace(1, 2, len(student), dtype=torch.float64)

    def loss(logits: Tensor) -> Tensor:
        return (weights * token_divergence(config, support, logits)).sum()

    (found,) = torch.autograd.grad(loss(student.requires_grad_()), student)
    expected = central_differences(lambda at: loss(at).detach(), student.detach())
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-8)


def test_gradients_that_are_known_in_closed_form() -> None:
    generator = torch.Generator().manual_seed(0)
    teacher, student = torch.randn(2, 4, 9, generator=generator, dtype=torch.float64)
    every = on_support(teacher, likeliest(teacher, None))
    theirs, ours = teacher.softmax(-1), student.softmax(-1)
    student.requires_grad_()
    # ∇ KL(T ‖ S) = S - T.
    (found,) = torch.autograd.grad(token_divergence(ForwardKL(), every, student).sum(), student)
    torch.testing.assert_close(found, ours - theirs, rtol=0, atol=1e-12)
    # ∇ KL(S ‖ T) = S (log S / T - KL).
    (found,) = torch.autograd.grad(token_divergence(ReverseKL(), every, student).sum(), student)
    gap = (ours / theirs).log()
    expected = ours * (gap - (ours * gap).sum(-1, keepdim=True))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def in_float64(policy: Policy) -> PreTrainedModel:
    """The model in double precision throughout; its norms compute in float32 by themselves."""
    model = policy.model.double()
    for module in model.modules():
        if isinstance(module, LlamaRMSNorm):
            module.forward = lambda hidden, norm=module: (
                norm.weight
                * hidden
                * (hidden.square().mean(-1, keepdim=True) + norm.variance_epsilon).rsqrt()
            )
    return model


@EVERY
def test_gradient_through_a_model(config: StoredDivergence, build: Callable[[str], Policy]) -> None:
    """The weight of each kind that matters most, moved by hand."""
    policy = build("llama")
    model = in_float64(policy)
    prompt, completion = policy.encode("what colour?").prompt_ids, [40, 41, 42, 2]
    ids = torch.tensor([[*prompt, *completion]])
    suppressed = list(policy.suppressed_token_ids)
    generator = torch.Generator().manual_seed(1)

    def logits() -> Tensor:
        found = model(input_ids=ids).logits[0, len(prompt) - 1 : -1]
        return found.index_fill(-1, torch.tensor(suppressed), float("-inf"))

    with torch.no_grad():
        vocabulary = model.get_output_embeddings().weight.shape[0]
        noise = torch.randn(len(completion), vocabulary, generator=generator, dtype=torch.float64)
        teacher = logits() + noise
    support = on_support(teacher, likeliest(teacher, 10))

    def loss() -> Tensor:
        return token_divergence(config, support, logits()).sum()

    model.zero_grad()
    loss().backward()
    checked = 0
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        place = int(parameter.grad.abs().argmax())
        flat, slope = parameter.data.view(-1), parameter.grad.view(-1)[place].item()
        before, ends = flat[place].item(), []
        with torch.no_grad():
            for step in (1e-5, -1e-5):
                flat[place] = before + step
                ends.append(loss().item())
            flat[place] = before
        assert slope == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4, abs=1e-8), name
        checked += abs(slope) > 1e-4
    assert checked >= 10
