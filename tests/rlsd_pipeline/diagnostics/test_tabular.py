import math
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tests.rlsd_pipeline.diagnostics.tabular import (
    TabularModel,
    coherent_student,
    decompose,
    gradient_parts,
    log_evidence,
    log_posterior_gain,
    marginal_teacher,
    posterior,
    prefix_probabilities,
    prior_everywhere,
    random_model,
)

SIZES = [(1, 2, 1), (2, 2, 1), (2, 2, 3), (3, 4, 3), (5, 3, 4), (4, 6, 2)]


def model_of(references: int, vocabulary: int, length: int, seed: int = 0) -> TabularModel:
    return random_model(references, vocabulary, length, torch.Generator().manual_seed(seed))


def two_by_two() -> TabularModel:
    """Two references that favour one token each, the same at both positions."""
    first = torch.tensor([[[0.8, 0.2]], [[0.2, 0.8]]], dtype=torch.float64)
    return TabularModel(
        prior=torch.tensor([0.5, 0.5], dtype=torch.float64),
        teacher=(first, first.expand(2, 2, 2)),
        student=(
            torch.tensor([[0.6, 0.4]], dtype=torch.float64),
            torch.tensor([[0.5, 0.5], [0.5, 0.5]], dtype=torch.float64),
        ),
    )


def enumerated(model: TabularModel) -> list[tuple[float, float, float]]:
    """L_OPSD, L* and I of each position, prefix by prefix, by the definitions alone."""
    vocabulary, references = model.student[0].shape[-1], len(model.prior)
    rows = []
    for length in range(len(model.student)):
        objective = reducible = information = 0.0
        for prefix in product(range(vocabulary), repeat=length):
            sampled, joint = 1.0, [float(p) for p in model.prior]
            index = 0
            for position, token in enumerate(prefix):
                sampled *= float(model.student[position][index, token])
                for r in range(references):
                    joint[r] *= float(model.teacher[position][r, index, token])
                index = index * vocabulary + token
            belief = [p / sum(joint) for p in joint]
            teacher = [model.teacher[length][r, index].tolist() for r in range(references)]
            student = model.student[length][index].tolist()
            mean = [
                sum(b * t[v] for b, t in zip(belief, teacher, strict=True))
                for v in range(vocabulary)
            ]
            for b, t in zip(belief, teacher, strict=True):
                objective += (
                    sampled * b * sum(p * math.log(p / s) for p, s in zip(t, student, strict=True))
                )
                # I by its definition over the joint of R and Y_t: E log P(r, v) / (P(r) P(v)).
                information += sampled * sum(
                    b * p * math.log(b * p / (b * m)) for p, m in zip(t, mean, strict=True)
                )
            reducible += sampled * sum(
                m * math.log(m / s) for m, s in zip(mean, student, strict=True)
            )
        rows.append((objective, reducible, information))
    return rows


def test_two_references_by_hand() -> None:
    model = two_by_two()
    found = decompose(model, posterior(model))
    # Position 0: belief (.5, .5), marginal (.5, .5), student (.6, .4).
    #   L* = .5 ln(.5/.6) + .5 ln(.5/.4)                            = 0.0204110
    #   I  = .8 ln(.8/.5) + .2 ln(.2/.5), the same for both         = 0.1927448
    #   L  = .5 (.8 ln(.8/.6) + .2 ln(.2/.4))
    #      + .5 (.2 ln(.2/.6) + .8 ln(.8/.4)) = .0457585 + .1673973 = 0.2131558
    # Position 1: after token 0 belief (.8, .2), marginal (.68, .32); after token 1 mirrored,
    #   so both prefixes give the same numbers, with the student at (.5, .5).
    #   L* = .68 ln 1.36 + .32 ln .64 = .2090925 - .1428119         = 0.0662768
    #   L  = .8 ln 1.6 + .2 ln .4, whatever the belief              = 0.1927448
    #   I  = L - L*                                                 = 0.1264680
    expected = ([0.2131558, 0.1927448], [0.0204110, 0.0662768], [0.1927448, 0.1264680])
    for column, values in zip(found, expected, strict=True):
        torch.testing.assert_close(
            column, torch.tensor(values, dtype=torch.float64), rtol=0, atol=1e-6
        )


def test_posterior_by_hand() -> None:
    model = two_by_two()
    before, after_one, after_two = posterior(model)
    assert before.flatten().tolist() == [0.5, 0.5]
    # .5 * .8 against .5 * .2.
    torch.testing.assert_close(after_one[:, 0], torch.tensor([0.8, 0.2], dtype=torch.float64))
    # Prefixes 00, 01, 10, 11: .64 against .04, then .16 against .16.
    torch.testing.assert_close(
        after_two[0], torch.tensor([16 / 17, 0.5, 0.5, 1 / 17], dtype=torch.float64)
    )
    # The student samples 00, 01, 10, 11 with .6 * .5 and .4 * .5.
    torch.testing.assert_close(
        prefix_probabilities(model)[2], torch.tensor([0.3, 0.3, 0.2, 0.2], dtype=torch.float64)
    )


@pytest.mark.parametrize("size", SIZES)
def test_equals_the_enumeration(size: tuple[int, int, int]) -> None:
    model = model_of(*size)
    found = torch.stack(list(decompose(model, posterior(model))), 1)
    expected = torch.tensor(enumerated(model), dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@given(st.integers(1, 5), st.integers(2, 5), st.integers(1, 4), st.integers(0, 10**6))
def test_theorem_1(references: int, vocabulary: int, length: int, seed: int) -> None:
    model = model_of(references, vocabulary, length, seed)
    objective, reducible, information = decompose(model, posterior(model))
    torch.testing.assert_close(objective, reducible + information, rtol=0, atol=1e-10)
    assert (reducible > -1e-12).all()
    assert (information > -1e-12).all()


def test_theorem_1_needs_the_posterior() -> None:
    model = model_of(3, 4, 3)
    theorem, ignorant = posterior(model), prior_everywhere(model)
    objective, reducible, information = decompose(model, theorem)
    blind = decompose(model, ignorant)
    # Before any token prior and posterior are one; later every place where the prior enters fails.
    torch.testing.assert_close(blind.objective[0], objective[0])
    assert ((blind.objective - reducible - information)[1:].abs() > 1e-3).all()
    assert ((objective - blind.reducible - information)[1:].abs() > 1e-3).all()
    assert ((objective - reducible - blind.information)[1:].abs() > 1e-3).all()


def test_the_prior_everywhere_splits_too_but_not_into_the_mutual_information() -> None:
    model = model_of(3, 4, 3)
    blind = decompose(model, prior_everywhere(model))
    torch.testing.assert_close(blind.objective, blind.reducible + blind.information)
    information = decompose(model, posterior(model)).information
    assert ((blind.information - information)[1:].abs() > 1e-3).all()


@pytest.mark.parametrize("size", SIZES)
def test_information_of_a_coherent_student_sums_to_that_of_the_response(
    size: tuple[int, int, int],
) -> None:
    model = coherent_student(model_of(*size))
    objective, reducible, information = decompose(model, posterior(model))
    torch.testing.assert_close(reducible, torch.zeros_like(reducible), rtol=0, atol=1e-12)
    torch.testing.assert_close(objective, information, rtol=0, atol=1e-12)
    # Chain rule: Σ_t I(Y_t; R | Y<t) = I(Y; R) = H(R) - E H(R | Y).
    last = posterior(model)[-1]
    left = -(prefix_probabilities(model)[-1] * last * last.log()).sum()
    prior = model.prior
    torch.testing.assert_close(information.sum(), -(prior * prior.log()).sum() - left)


@given(st.integers(1, 5), st.integers(2, 5), st.integers(1, 3), st.integers(0, 10**6))
def test_proposition_1(references: int, vocabulary: int, length: int, seed: int) -> None:
    model = model_of(references, vocabulary, length, seed)
    beliefs = posterior(model)
    for belief, parts in zip(beliefs, gradient_parts(model, beliefs), strict=False):

        def expected(values: Tensor, belief: Tensor = belief) -> Tensor:
            return (belief * values).sum(0)

        torch.testing.assert_close(parts.total, parts.shared + parts.deviation)
        drift = (belief[:, :, None] * parts.deviation).sum(0)
        assert drift.abs().max() < 1e-12
        torch.testing.assert_close(
            expected(parts.total.square().sum(-1)),
            parts.shared.square().sum(-1) + expected(parts.deviation.square().sum(-1)),
            rtol=0,
            atol=1e-12,
        )


def test_deviations_do_not_cancel_under_the_prior() -> None:
    model = model_of(3, 4, 3)
    last = gradient_parts(model, posterior(model))[-1]
    drift = (model.prior[:, None, None] * last.deviation).sum(0)
    assert drift.abs().max() > 1e-3


def test_the_gradient_is_that_of_the_forward_kl() -> None:
    model = model_of(3, 4, 2)
    logits = torch.randn(4, 4, dtype=torch.float64, requires_grad=True)
    model = TabularModel(
        model.prior, model.teacher, (model.student[0], logits.detach().softmax(-1))
    )
    parts = gradient_parts(model, posterior(model))[1]
    for reference, target in enumerate(model.teacher[1]):
        loss = (target * (target.log() - logits.log_softmax(-1))).sum()
        (gradient,) = torch.autograd.grad(loss, logits)
        torch.testing.assert_close(parts.total[reference], gradient)


def test_evidence_by_hand() -> None:
    model = coherent_student(two_by_two())
    found = log_evidence(model, [0, 0])
    # First .8/.5 and .2/.5; then the marginal is .68: .8/.68 and .2/.68.
    expected = [[1.6, 0.8 / 0.68], [0.4, 0.2 / 0.68]]
    torch.testing.assert_close(found.exp(), torch.tensor(expected, dtype=torch.float64))
    # 1.6 * .8/.68 = 1.88235 = (16/17) / (1/2).
    torch.testing.assert_close(
        found.sum(1).exp(), torch.tensor([32 / 17, 2 / 17], dtype=torch.float64)
    )


@given(st.integers(1, 4), st.integers(2, 4), st.integers(1, 4), st.data())
def test_evidence_telescopes_to_the_posterior(
    references: int, vocabulary: int, length: int, data: st.DataObject
) -> None:
    model = model_of(references, vocabulary, length, data.draw(st.integers(0, 10**6)))
    tokens = st.lists(st.integers(0, vocabulary - 1), min_size=length, max_size=length)
    completion_ids = data.draw(tokens)
    gain = log_posterior_gain(model, completion_ids)
    found = log_evidence(coherent_student(model), completion_ids).sum(1)
    torch.testing.assert_close(found, gain, rtol=0, atol=1e-10)
    # Another student shifts the evidence of every reference alike.
    shift = log_evidence(model, completion_ids).sum(1) - gain
    torch.testing.assert_close(shift, shift[:1].expand_as(shift), rtol=0, atol=1e-10)


def test_the_evidence_of_another_student_is_not_the_posterior() -> None:
    model = model_of(3, 4, 3)
    shift = log_evidence(model, [1, 0, 3]).sum(1) - log_posterior_gain(model, [1, 0, 3])
    assert (shift.abs() > 1e-3).all()


def test_a_marginal_is_a_distribution() -> None:
    model = model_of(3, 4, 3)
    for table in marginal_teacher(model, posterior(model)):
        torch.testing.assert_close(table.sum(-1), torch.ones(len(table), dtype=torch.float64))


@pytest.mark.parametrize("prior", [[0.5, 0.6], [1.0, 0.0]])
def test_no_distribution(prior: list[float]) -> None:
    model = two_by_two()
    with pytest.raises(ValueError, match="prior must be positive and sum to 1"):
        TabularModel(torch.tensor(prior, dtype=torch.float64), model.teacher, model.student)
