import math
from itertools import product
from typing import NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rlsd_pipeline.diagnostics.group_information import (
    GroupDecomposition,
    summarize_information,
)
from rlsd_pipeline.diagnostics.mutual_information import (
    TokenDecomposition,
    decompose_tokens,
    reference_posterior,
)
from tests.intervals import ends
from tests.rlsd_pipeline.diagnostics.tabular import (
    TabularModel,
    decompose,
    gradient_parts,
    posterior,
    prefix_probabilities,
    random_model,
)

INF = math.inf


class RolloutInformation(NamedTuple):
    """Posterior before each token and after the last, and the decomposition at each token."""

    posterior: Tensor
    tokens: TokenDecomposition


def rollout_information(
    teacher: Tensor, student: Tensor, completion_ids: Tensor, prior: Tensor
) -> RolloutInformation:
    """One rollout under every candidate reference."""
    chosen = teacher[:, torch.arange(len(completion_ids)), completion_ids]
    beliefs = reference_posterior(prior, chosen)
    return RolloutInformation(beliefs.exp(), decompose_tokens(beliefs[:, :-1], teacher, student))


def draw(references: int, tokens: int, vocabulary: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Teacher, student and a completion at random, in the precision a model gives."""
    generator = torch.Generator().manual_seed(seed)
    teacher = torch.randn(references, tokens, vocabulary, generator=generator).log_softmax(-1)
    student = torch.randn(tokens, vocabulary, generator=generator).log_softmax(-1)
    return teacher, student, torch.randint(vocabulary, (tokens,), generator=generator)


def along(model: TabularModel, completion_ids: tuple[int, ...]) -> RolloutInformation:
    """One response of a tabular model, as its log-distributions would be recorded."""
    prefix, teacher, student = 0, [], []
    for position, token in enumerate(completion_ids):
        teacher.append(model.teacher[position][:, prefix].log())
        student.append(model.student[position][prefix].log())
        prefix = prefix * model.student[0].shape[-1] + token
    return rollout_information(
        torch.stack(teacher, 1), torch.stack(student), torch.tensor(completion_ids), model.prior
    )


def test_one_token_by_hand() -> None:
    teacher = torch.tensor([[[0.8, 0.2]], [[0.2, 0.8]]]).log()
    student = torch.tensor([[0.6, 0.4]]).log()
    posterior_, tokens = rollout_information(
        teacher, student, torch.tensor([0]), torch.tensor([0.5, 0.5])
    )
    # Bayes: .5 * .8 against .5 * .2.
    torch.testing.assert_close(
        posterior_, torch.tensor([[0.5, 0.8], [0.5, 0.2]], dtype=torch.float64), atol=1e-6, rtol=0
    )
    # The marginal is (.5, .5).
    #   L* = .5 ln(.5/.6) + .5 ln(.5/.4)           = 0.0204110
    #   I  = .8 ln 1.6 + .2 ln .4                  = 0.1927448
    #   ‖δ‖² = .3² + .3² = .18 for both            = 0.18
    #   ‖g‖² = .2² + .2² = .08 and .4² + .4² = .32 = 0.2 in the mean
    expected = (0.2131558, 0.0204110, 0.1927448, 0.18, 0.2)
    assert [float(part) for part in tokens] == pytest.approx(expected, abs=1e-6)


@given(st.integers(1, 6), st.integers(0, 8), st.integers(1, 9), st.integers(0, 10**6))
def test_the_identities_hold_at_every_token(
    references: int, tokens: int, vocabulary: int, seed: int
) -> None:
    teacher, student, completion_ids = draw(references, tokens, vocabulary, seed)
    found = rollout_information(teacher, student, completion_ids, torch.ones(references))
    part = found.tokens
    torch.testing.assert_close(part.objective, part.reducible + part.information, rtol=0, atol=1e-9)
    # ‖g*‖² = E‖g‖² - E‖δ‖², with g* from the marginal alone.
    marginal = (found.posterior[:, :-1, None] * teacher.double().exp()).sum(0)
    shared = (student.double().exp() - marginal).square().sum(-1)
    torch.testing.assert_close(part.gradient - part.deviation, shared, rtol=0, atol=1e-6)
    assert (part.information >= -1e-7).all()
    # No token tells more about r than there is to know.
    assert (part.information <= math.log(references) + 1e-6).all()
    torch.testing.assert_close(found.posterior.sum(0), torch.ones(tokens + 1, dtype=torch.float64))


def test_averages_over_responses_are_the_tabular_ones() -> None:
    model = random_model(3, 3, 3, torch.Generator().manual_seed(4))
    expected = decompose(model, posterior(model))
    weights = prefix_probabilities(model)[-1]
    responses = [along(model, ids).tokens for ids in product(range(3), repeat=3)]
    for name in ("objective", "reducible", "information"):
        rows = torch.stack([getattr(response, name) for response in responses])
        torch.testing.assert_close(weights @ rows, getattr(expected, name), rtol=0, atol=1e-12)
    parts = gradient_parts(model, posterior(model))
    for name, field in (("deviation", "deviation"), ("gradient", "total")):
        rows = torch.stack([getattr(response, name) for response in responses])
        by_position = [
            prefix @ (belief * getattr(part, field).square().sum(-1)).sum(0)
            for prefix, belief, part in zip(
                prefix_probabilities(model), posterior(model), parts, strict=False
            )
        ]
        torch.testing.assert_close(weights @ rows, torch.stack(by_position), rtol=0, atol=1e-12)


def test_posterior_is_that_of_the_whole_prefix() -> None:
    model = random_model(3, 3, 3, torch.Generator().manual_seed(4))
    found = along(model, (2, 0, 1)).posterior
    # Prefixes (), 2, 20 and 201 in base 3: 0, 2, 6, 19.
    columns = [belief[:, i] for belief, i in zip(posterior(model), (0, 2, 6, 19), strict=True)]
    torch.testing.assert_close(found, torch.stack(columns, 1))


def test_a_long_response_neither_overflows_nor_underflows() -> None:
    # Each token has probability e^-50 under both; the second is 0.001 nats better a token.
    chosen = torch.full((2, 5000), -50.0, dtype=torch.float64)
    chosen[1] += 0.001
    found = reference_posterior(torch.tensor([0.5, 0.5]), chosen)
    # After 1000 tokens the odds are e^1, after 5000 e^5.
    assert float(found[1, 1000].exp()) == pytest.approx(math.e / (1 + math.e), abs=1e-9)
    assert float(found[0, 5000].exp()) == pytest.approx(1 / (1 + math.exp(5)), abs=1e-9)


def test_suppressed_tokens_add_nothing() -> None:
    teacher, student, completion_ids = draw(3, 4, 5, 0)
    wall = torch.full((3, 4, 2), -INF)
    wider = rollout_information(
        torch.cat([teacher, wall], -1),
        torch.cat([student, wall[0]], -1),
        completion_ids,
        torch.ones(3),
    )
    plain = rollout_information(teacher, student, completion_ids, torch.ones(3))
    for found, expected in zip(wider.tokens, plain.tokens, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_a_reference_that_is_ruled_out_counts_no_more() -> None:
    teacher = torch.tensor(
        [[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]], [[0.5, 0.5, 0.0], [0.25, 0.75, 0.0]]]
    ).log()
    student = torch.tensor([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]).log()
    found = rollout_information(teacher, student, torch.tensor([1, 0]), torch.tensor([0.5, 0.5]))
    # Token 1 has probability 0 under the first reference.
    assert found.posterior[:, 1:].tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert float(found.tokens.information[1]) == pytest.approx(0, abs=1e-7)
    # KL((.25, .75) ‖ (.5, .5)) = .25 ln .5 + .75 ln 1.5 = 0.1308120.
    assert float(found.tokens.objective[1]) == pytest.approx(0.1308120, abs=1e-6)
    # Before: marginal (.75, .25); I = .5 ln(1/.75) + .5 (.5 ln(.5/.75) + .5 ln(.5/.25)) = .2157616.
    assert float(found.tokens.information[0]) == pytest.approx(0.2157616, abs=1e-6)


def test_a_reference_the_prior_excludes_may_be_infinitely_far() -> None:
    teacher = torch.tensor([[[0.5, 0.5, 0.0]], [[0.0, 0.0, 1.0]]]).log()
    student = torch.tensor([[0.5, 0.5, 0.0]]).log()
    found = rollout_information(teacher, student, torch.tensor([0]), torch.tensor([1.0, 0.0]))
    assert [float(part) for part in found.tokens] == pytest.approx([0, 0, 0, 0, 0], abs=1e-7)


def test_a_student_without_the_token_is_infinitely_far_and_the_information_is_not() -> None:
    teacher = torch.tensor([[[0.8, 0.2]], [[0.2, 0.8]]]).log()
    student = torch.tensor([[1.0, 0.0]]).log()
    found = rollout_information(teacher, student, torch.tensor([0]), torch.ones(2)).tokens
    assert float(found.objective) == float(found.reducible) == INF
    assert float(found.information) == pytest.approx(0.1927448, abs=1e-6)


def test_the_prior_as_belief_is_another_decomposition() -> None:
    teacher, student, completion_ids = draw(3, 6, 5, 1)
    prior = torch.full((3, 6), 1 / 3, dtype=torch.float64).log()
    blind = decompose_tokens(prior, teacher, student)
    torch.testing.assert_close(blind.objective, blind.reducible + blind.information)
    full = rollout_information(teacher, student, completion_ids, torch.ones(3)).tokens
    torch.testing.assert_close(blind.objective[0], full.objective[0])
    assert ((blind.objective - full.objective)[1:].abs() > 1e-3).any()


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    teacher, student, completion_ids = draw(3, 7, 5, 2)
    whole = rollout_information(teacher, student, completion_ids, torch.ones(3)).tokens
    # 3 * 5 entries a token: blocks of two tokens, and one left over.
    monkeypatch.setattr("rlsd_pipeline.diagnostics.mutual_information._BLOCK", 30)
    cut = rollout_information(teacher, student, completion_ids, torch.ones(3)).tokens
    for found, expected in zip(cut, whole, strict=True):
        assert torch.equal(found, expected)


def test_summary_by_hand() -> None:
    def tokens(information: list[float], deviation: float, gradient: float) -> TokenDecomposition:
        i = torch.tensor(information)
        ones = torch.ones_like(i)
        return TokenDecomposition(i + ones, ones, i, deviation * ones, gradient * ones)

    rollouts = [tokens([0.1, 0.3], 1, 2), tokens([0.5], 1, 4), tokens([], 1, 1)]
    same = [GroupDecomposition(rollout, rollout) for rollout in rollouts]
    found = summarize_information(same, ["a", "a", "b"], resamples=200)
    assert found.information_per_token.value == pytest.approx(0.9 / 3)
    assert found.information_per_response.value == pytest.approx(0.9 / 3)
    # Deviation 1 + 1 + 1 by gradient 2 + 2 + 4; L* is 1 a token; ΣI / ΣL = .9 / 3.9.
    assert found.deviation_ratio.value == pytest.approx(3 / 8)
    assert found.reducible_per_token.value == pytest.approx(1)
    assert found.irreducible_share.value == pytest.approx(0.9 / 3.9)
    assert (found.rollouts, found.problems) == (3, 2)
    # Problem b has no token, and a alone bounds nothing.
    assert ends(found.information_per_token) == (-INF, INF)
    # Draws of the problems: aa .9 / 4, ab .9 / 3, bb 0 / 2.
    assert found.information_per_response.low == pytest.approx(0)
    assert found.information_per_response.high == pytest.approx(0.45)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_token_no_reference_gives(lost: int) -> None:
    chosen = torch.full((2, 3), -1.0)
    chosen[:, lost] = -INF
    with pytest.raises(ValueError, match=f"first {lost + 1} tokens"):
        reference_posterior(torch.ones(2), chosen)


def test_a_support_without_its_rest() -> None:
    teacher, student, completion_ids = draw(2, 3, 8, 3)
    with pytest.raises(ValueError, match="the teacher does not sum to 1"):
        rollout_information(teacher[..., :6], student[..., :6], completion_ids % 6, torch.ones(2))


def test_shapes_that_do_not_fit() -> None:
    teacher, student, completion_ids = draw(2, 3, 8, 3)
    with pytest.raises(ValueError, match=r"must be \[references\]"):
        rollout_information(teacher, student, completion_ids, torch.ones(3))
    with pytest.raises(ValueError, match=r"\[tokens, vocabulary\]"):
        rollout_information(teacher, student[:2], completion_ids, torch.ones(2))
