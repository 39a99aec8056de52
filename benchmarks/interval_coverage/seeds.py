"""Intervals over seeds.

A seed's score is the method's, plus how trainings differ (a standard deviation of .03 to .08), plus
what a finite number of questions adds. Where one training in ten collapses, it ends .2 lower.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.interval_coverage.conditions import LEVEL, Condition, Group, holds
from rlsd_pipeline.stages.evaluation.headroom import equal_within
from rlsd_pipeline.statistics.intervals import SHARE, mean_interval
from rlsd_pipeline.statistics.methods import method_difference, method_score
from rlsd_pipeline.statistics.seed_spread import spread_of_questions, spread_of_seeds
from rlsd_pipeline.statistics.shares import share_of_gain

Draw = Callable[[np.random.Generator, int], np.ndarray]

SCORE = "accuracy over seeds (Student's t)"
DIFFERENCE = "difference over seeds (paired t)"
MENTIONS = "mentions over seeds (Student's t)"
SHARE_OF_GAIN = "share of the oracle's gain (Fieller)"
EQUAL = "equal within (two one-sided tests)"
SPREAD = "sd of a seed's difference, upper end (chi-square)"
QUESTIONS = "share of the variance that is of questions (F)"
SEEDS = (2, 4, 8, 16)

BELOW_TABLES = "below every table over seeds"
BELOW_POWER = "below `rlsd power`'s tables"


def group() -> Group:
    """All that is over seeds."""
    return Group("Over seeds", "coverage", [*_scores(), *_differences(), *_headroom(), *_spreads()])


def normal(sd: float) -> Draw:
    """Seeds that differ by a normal deviation."""
    return lambda rng, count: sd * rng.standard_normal(count)


def collapsing(rng: np.random.Generator, count: int) -> np.ndarray:
    """Seeds about their mean; one in ten ends .2 lower."""
    return 0.02 + 0.03 * rng.standard_normal(count) - 0.2 * (rng.random(count) < 0.1)


def _scores() -> list[Condition]:
    return [
        *(_score(n, 0.6, normal(0.05), "sd .05") for n in SEEDS),
        _score(4, 0.95, normal(0.03), "sd .03"),
        _score(8, 0.05, normal(0.03), "sd .03"),
        *(_said(_score(n, 0.6, collapsing, "one in ten collapses")) for n in SEEDS),
        *(_said(_mentions(n)) for n in (4, 8, 16)),
        *(_said(_drawn_anew(n)) for n in (4, 16)),
        *(_said(_one_base(n)) for n in (4, 16)),
    ]


def _differences() -> list[Condition]:
    return [
        *(_difference(n, normal(0.05), "sd .05") for n in SEEDS),
        _difference(8, normal(0.08), "sd .08"),
        *(_said(_difference(n, collapsing, "one in ten collapses")) for n in SEEDS),
    ]


def _headroom() -> list[Condition]:
    return [
        *(_fieller(n, 0.15) for n in (4, 8, 16)),
        _fieller(8, 0.05),
        *(_equal(n, 0.05) for n in (4, 8, 16)),
    ]


def _spreads() -> list[Condition]:
    return [
        *(_deviation(n, normal(0.05), "normal") for n in (2, 4, 8)),
        _said(_deviation(8, collapsing, "one in ten collapses"), BELOW_POWER),
        *(_questions(n, sd) for n in (4, 8) for sd in (0.0, 0.03)),
    ]


def _said(condition: Condition, where: str = BELOW_TABLES) -> Condition:
    return condition._replace(label=where)


def _as_seeds(scores: np.ndarray) -> dict[int, dict[str, float]]:
    return {seed: {"all": score} for seed, score in enumerate(np.clip(scores, 0, 1))}


def _score(count: int, accuracy: float, draw: Draw, how: str) -> Condition:
    def once(rng: np.random.Generator) -> bool:
        scores = accuracy + draw(rng, count)
        return holds(method_score(list(_as_seeds(scores).values()), LEVEL), accuracy)

    return Condition(SCORE, f"{count} seeds, accuracy {accuracy:g}, {how}", once)


def _mentions(count: int) -> Condition:
    """Of 800 responses a seed; most seeds mention hardly anything, some a lot."""

    def once(rng: np.random.Generator) -> bool:
        shares = rng.binomial(800, rng.beta(0.5, 9.5, count)) / 800
        return holds(mean_interval(shares, LEVEL, SHARE), 0.05)

    return Condition(MENTIONS, f"{count} seeds, shares about .05, skewed", once)


def _drawn_anew(count: int) -> Condition:
    """All seeds answer the same 200 questions, which are harder or easier than others."""

    def once(rng: np.random.Generator) -> bool:
        shared = 0.4 * rng.standard_normal() / np.sqrt(200)
        scores = 0.6 + shared + 0.05 * rng.standard_normal(count)
        return holds(method_score(list(_as_seeds(scores).values()), LEVEL), 0.6)

    return Condition(
        SCORE, f"{count} seeds, sd .05, 200 questions, truth: over questions too", once
    )


def _one_base(count: int) -> Condition:
    def once(rng: np.random.Generator) -> bool:
        scores = 0.6 + 0.05 * rng.standard_normal() + 0.05 * rng.standard_normal(count)
        return holds(method_score(list(_as_seeds(scores).values()), LEVEL), 0.6)

    return Condition(SCORE, f"{count} seeds of one base, sd .05 each, truth: over bases too", once)


def _difference(count: int, draw: Draw, how: str) -> Condition:
    def once(rng: np.random.Generator) -> bool:
        shared = 0.6 + 0.05 * rng.standard_normal(count)
        first, second = _as_seeds(shared), _as_seeds(shared + 0.05 + draw(rng, count))
        found = method_difference(first, second, LEVEL)
        assert found is not None
        return holds(found, 0.05)

    return Condition(DIFFERENCE, f"{count} seeds, true +.05, {how}", once)


def _fieller(count: int, whole: float) -> Condition:
    """Both gains are over the same GRPO, so that they vary together."""

    def once(rng: np.random.Generator) -> bool:
        compared, oracle, method = 0.04 * rng.standard_normal((3, count))
        part, total = whole / 2 + method - compared, whole + oracle - compared
        return holds(share_of_gain(part, total, LEVEL), 0.5)

    return Condition(SHARE_OF_GAIN, f"{count} seeds, headroom {whole:g}, sd .04 a method", once)


def _equal(count: int, true: float) -> Condition:
    """Its margin is a bound on the size of the difference."""

    def once(rng: np.random.Generator) -> bool:
        gains = dict(enumerate(true + 0.05 * rng.standard_normal(count)))
        return abs(true) <= equal_within(gains, LEVEL)

    return Condition(EQUAL, f"{count} seeds, true {true:g}, sd .05", once)


def _deviation(count: int, draw: Draw, how: str) -> Condition:
    deviation = {"normal": 0.05}.get(how, float(np.sqrt(0.03**2 + 0.2**2 * 0.1 * 0.9)))

    def once(rng: np.random.Generator) -> bool:
        return deviation <= spread_of_seeds(draw(rng, count), LEVEL).sd_high

    return Condition(SPREAD, f"{count} seeds, sd {deviation:.2g}, {how} (nominal .975)", once)


def _questions(count: int, sd: float) -> Condition:
    """Differences of single responses on 200 questions, with a seed's own deviation."""
    questions, rest = 200, 0.5
    truth = rest**2 / questions / (sd**2 + rest**2 / questions)
    names = [str(place) for place in range(questions)]

    def once(rng: np.random.Generator) -> bool:
        own, shared = sd * rng.standard_normal((count, 1)), 0.2 * rng.standard_normal(questions)
        table = 0.05 + own + shared + rest * rng.standard_normal((count, questions))
        found = spread_of_questions(table, names, LEVEL).of_questions
        assert found is not None
        return holds(found, truth)

    return Condition(QUESTIONS, f"{count} seeds, {questions} questions, true {truth:.2f}", once)
