"""Intervals of the information gap and of its corruption probe, over problems.

The policies and teachers are tabular (tests/rlsd_pipeline/diagnostics/tabular.py): two or three
answers, two tokens of four. The student is between the marginal teacher and one of its own, so that
a part of the objective can be learnt. Each problem of a table is one of some models at random, and
the truth is that over all of them, by enumeration.
"""

from collections import Counter
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.interval_coverage.conditions import LEVEL, Condition, holds
from rlsd_pipeline.diagnostics.group_information import (
    GroupDecomposition,
    InformationSummary,
    group_decomposition,
    summarize_information,
)
from rlsd_pipeline.diagnostics.leakage.corruption import ReferenceShift, corruption_summary
from schemas import Interval
from tests.rlsd_pipeline.diagnostics.tabular import (
    TabularModel,
    coherent_student,
    decompose,
    gradient_parts,
    posterior,
    prefix_probabilities,
    random_model,
)

CONTENT = "share of the content in a shift (bootstrap)"
FEW_PROBLEMS = "where such ratios stand"
SIZES = (16, 64)
TABLES = 1000
_GROUP, _MODELS, _VOCABULARY = 8, 24, 4

QUANTITIES: dict[str, tuple[str, Callable[[InformationSummary], Interval]]] = {
    "I a response": ("information", lambda found: found.information_per_response),
    "L* a token": ("reducible", lambda found: found.reducible_per_token),
    "I / (L* + I)": ("share", lambda found: found.irreducible_share),
    "ρ": ("deviation", lambda found: found.deviation_ratio),
}
"""Head of the product's column -> name of its truth, and its place in the summary."""


def information() -> list[Condition]:
    """The parts of the information gap, then the share of the content."""
    return [
        *(_information(head, n) for head in QUANTITIES for n in SIZES),
        *(_content(n) for n in (8, 16, 64)),
    ]


class _Problem(NamedTuple):
    """One model, and how its rollouts come about.

    Attributes:
        model: Teacher and student; its prior is that of the answers the student gives.
        responses: Probability of each response; `[responses]`.
        answers: Probability of each answer after each response; `[answers, responses]`.
    """

    model: TabularModel
    responses: np.ndarray
    answers: np.ndarray


@lru_cache
def _problems() -> list[_Problem]:
    found = []
    for seed in range(_MODELS):
        drawn = random_model(2 + seed % 2, _VOCABULARY, 2, torch.Generator().manual_seed(seed))
        shared = coherent_student(drawn).student
        student = tuple((a + b) / 2 for a, b in zip(shared, drawn.student, strict=True))
        # What a response says follows the teacher's belief, so the answers' own prior does too.
        responses = prefix_probabilities(TabularModel(drawn.prior, drawn.teacher, student))[-1]
        answers = posterior(drawn)[-1]
        model = TabularModel(answers @ responses, drawn.teacher, student)
        found.append(_Problem(model, responses.numpy(), answers.numpy()))
    return found


@lru_cache
def true_information() -> dict[str, float]:
    """Every quantity over all models, by enumeration."""
    sums = Counter[str]()
    for problem in _problems():
        beliefs = posterior(problem.model)
        parts = decompose(problem.model, beliefs)
        sums["information"] += float(parts.information.sum())
        sums["reducible"] += float(parts.reducible.sum())
        reached = prefix_probabilities(problem.model)
        for place, gradient in enumerate(gradient_parts(problem.model, beliefs)):
            for name in ("deviation", "total"):
                squares = getattr(gradient, name).square().sum(-1)
                sums[name] += float(reached[place] @ (beliefs[place] * squares).sum(0))
    tokens = 2 * _MODELS
    return {
        "information": sums["information"] / _MODELS,
        "reducible": sums["reducible"] / tokens,
        "share": sums["information"] / (sums["information"] + sums["reducible"]),
        "deviation": sums["deviation"] / sums["total"],
    }


@cache
def _decomposed(
    place: int, response: int, counts: tuple[tuple[int, int], ...], own: int
) -> GroupDecomposition:
    model, known = _problems()[place].model, [answer for answer, _ in counts]
    prefixes, tokens = (0, response // _VOCABULARY), divmod(response, _VOCABULARY)
    at = list(enumerate(prefixes))
    teacher = torch.stack([model.teacher[t][known, prefix].log() for t, prefix in at], 1)
    student = torch.stack([model.student[t][prefix].log() for t, prefix in at])
    index = torch.tensor(tokens).expand(len(known), -1)[..., None]
    weights = [count for _, count in counts]
    chosen = teacher.gather(-1, index)[..., 0]
    return group_decomposition(teacher, student, chosen, weights, known.index(own))


@lru_cache(maxsize=len(SIZES) * TABLES)
def summary_of_table(problems: int, seed: int) -> InformationSummary:
    """What the product says of a table of some problems."""
    rng, rollouts, names = np.random.default_rng(seed), [], []
    for name, place in enumerate(rng.integers(_MODELS, size=problems)):
        of = _problems()[place]
        drawn = rng.choice(len(of.responses), _GROUP, p=of.responses)
        answers = [int(rng.choice(len(of.answers), p=of.answers[:, one])) for one in drawn]
        counts = tuple(sorted(Counter(answers).items()))
        for response, own in zip(drawn, answers, strict=True):
            rollouts.append(_decomposed(int(place), int(response), counts, own))
            names.append(str(name))
    return summarize_information(rollouts, names, confidence=LEVEL)


def _information(head: str, problems: int) -> Condition:
    truth, read = QUANTITIES[head]

    def once(rng: np.random.Generator) -> bool:
        found = read(summary_of_table(problems, int(rng.integers(2**32))))
        return holds(found, true_information()[truth])

    name, setting = f"information gap, {head} (bootstrap)", f"{problems} problems of 8 responses"
    label = FEW_PROBLEMS if problems <= 16 else ""
    return Condition(name, setting, once, label, tables=TABLES, drawn=f"information gap: {setting}")


def shifts(rng: np.random.Generator, problems: int) -> tuple[list[ReferenceShift], list[str]]:
    """Four responses a problem; how far a reference moves the teacher differs by problem.

    Its content causes about half of that, more on some problems and less on others.
    """
    moved, share = rng.lognormal(-2, 1, problems), rng.beta(2, 2, problems)
    rows, names = [], []
    for problem in range(problems):
        for tokens in 20 + rng.poisson(100, 4):
            content, presence = (
                float(tokens * moved[problem] * part * rng.gamma(4, 0.25))
                for part in (share[problem], 1 - share[problem])
            )
            rows.append(ReferenceShift(content + presence, content, presence, int(tokens)))
            names.append(str(problem))
    return rows, names


def _content(problems: int) -> Condition:
    """Both legs of a problem are moved alike, so half of their sum is of the content."""

    def once(rng: np.random.Generator) -> bool:
        found = corruption_summary(*shifts(rng, problems), confidence=LEVEL)
        return holds(found.content_share, 0.5)

    label = FEW_PROBLEMS if problems <= 16 else ""
    return Condition(CONTENT, f"{problems} problems", once, label, tables=TABLES)
