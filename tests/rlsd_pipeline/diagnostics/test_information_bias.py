"""The information that a group's own answers show, held to the exact value of tabular models."""

from collections import Counter
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from rlsd_pipeline.diagnostics.group_information import (
    GroupDecomposition,
    group_decomposition,
    summarize_information,
)
from schemas import Interval
from tests.rlsd_pipeline.diagnostics.tabular import (
    TabularModel,
    coherent_student,
    decompose,
    posterior,
    random_model,
)

GROUP = 8


@cache
def model_of(answers: int) -> TabularModel:
    """Equally likely answers, two tokens of four, and a student that is the marginal teacher."""
    drawn = random_model(answers, 4, 2, torch.Generator().manual_seed(answers))
    prior = torch.full((answers,), 1 / answers, dtype=torch.float64)
    return coherent_student(TabularModel(prior, drawn.teacher, drawn.student))


def exact(answers: int) -> float:
    model = model_of(answers)
    return float(decompose(model, posterior(model)).information.sum())


def sampled(answers: int, chance: np.random.Generator) -> tuple[int, tuple[int, ...]]:
    """An answer and the response that leads to it, as the joint model has them."""
    answer, prefix, response = int(chance.integers(answers)), 0, []
    for table in model_of(answers).teacher:
        token = int((chance.random() > table[answer, prefix].cumsum(0)[:-1].numpy()).sum())
        response.append(token)
        prefix = prefix * 4 + token
    return answer, tuple(response)


def tables(answers: int, response: tuple[int, ...], known: list[int]) -> tuple[Tensor, ...]:
    """Teacher under each known answer, student, and the log-probabilities of the response."""
    model, prefix, teacher, student = model_of(answers), 0, [], []
    for position, token in enumerate(response):
        teacher.append(model.teacher[position][known, prefix].log())
        student.append(model.student[position][prefix].log())
        prefix = prefix * 4 + token
    by_reference = torch.stack(teacher, 1)
    index = torch.tensor(response).expand(len(known), -1)[..., None]
    return by_reference, torch.stack(student), by_reference.gather(-1, index)[..., 0]


@cache
def measured(
    answers: int, response: tuple[int, ...], counts: tuple[tuple[int, int], ...], own: int
) -> GroupDecomposition:
    known, weights = [answer for answer, _ in counts], [count for _, count in counts]
    teacher, student, chosen = tables(answers, response, known)
    return group_decomposition(teacher, student, chosen, weights, known.index(own))


def groups(answers: int, count: int, chance: np.random.Generator) -> list[list[GroupDecomposition]]:
    found = []
    for _ in range(count):
        rollouts = [sampled(answers, chance) for _ in range(GROUP)]
        counts = tuple(sorted(Counter(answer for answer, _ in rollouts).items()))
        found.append([measured(answers, response, counts, own) for own, response in rollouts])
    return found


def information(of: list[list[GroupDecomposition]]) -> Interval:
    names = [str(place) for place, group in enumerate(of) for _ in group]
    rollouts = [rollout for group in of for rollout in group]
    return summarize_information(rollouts, names, resamples=400).information_per_response


def means(of: list[list[GroupDecomposition]], prior: str) -> list[float]:
    return [sum(float(getattr(r, prior).information.sum()) for r in group) / GROUP for group in of]


@pytest.mark.slow
@pytest.mark.parametrize(("answers", "count"), [(2, 400), (8, 60)])
def test_the_mean_is_the_exact_information(answers: int, count: int) -> None:
    """The answers of eight rollouts as the prior show 90 % with two answers, 86 % with eight."""
    of = groups(answers, count, np.random.default_rng(answers))
    corrected, as_sampled = means(of, "corrected"), means(of, "as_sampled")
    error = np.std(corrected, ddof=1) / np.sqrt(count)
    assert 3 * error < 0.08 * exact(answers)
    assert np.mean(corrected) == pytest.approx(exact(answers), abs=3 * error)
    assert np.mean(as_sampled) < exact(answers) - 4 * error
    found = information(of)
    assert found.value == pytest.approx(np.mean(corrected))
    assert found.low <= exact(answers) <= found.high


@pytest.mark.slow
@pytest.mark.parametrize("problems", [6, 12])
def test_intervals_over_few_problems_cover(problems: int) -> None:
    chance, covered = np.random.default_rng(problems), 0
    for _ in range(150):
        found = information(groups(2, problems, chance))
        covered += found.low <= exact(2) <= found.high
    assert covered / 150 >= 0.95


def test_the_jackknife_by_hand() -> None:
    """Two rollouts, two answers, one token: without the other one, nothing is left to know."""
    teacher = torch.tensor([[[0.8, 0.2]], [[0.2, 0.8]]]).log()
    student = torch.tensor([[0.6, 0.4]]).log()
    found = group_decomposition(teacher, student, teacher[:, :, 0], [1, 1], 0)
    # Together I = .1927448 and L = .2131558; less the second, L = .8 ln(.8/.6) + .2 ln(.2/.4).
    assert float(found.corrected.information) == pytest.approx(2 * 0.1927448, abs=1e-6)
    assert float(found.corrected.objective) == pytest.approx(2 * 0.2131558 - 0.0915162, abs=1e-6)
    assert float(found.corrected.reducible) == pytest.approx(
        float(found.corrected.objective) - float(found.corrected.information), abs=1e-6
    )
    # Without an answer of its own, either may be the one that is left out.
    free = group_decomposition(teacher, student, teacher[:, :, 0], [1, 1], None)
    assert float(free.corrected.information) == pytest.approx(2 * 0.1927448, abs=1e-6)
    alone = group_decomposition(teacher[:1], student, teacher[:1, :, 0], [1], 0)
    assert float(alone.corrected.information) == 0
