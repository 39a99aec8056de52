"""Intervals over the problems of one batch of rollouts, all by a bootstrap, and We-Math's."""

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np

from benchmarks.interval_coverage import fidelities
from benchmarks.interval_coverage.conditions import LEVEL, Condition, Group, holds
from benchmarks.interval_coverage.information import FEW_PROBLEMS, information
from rlsd_pipeline.credit.gradient_signal import Products, signal
from rlsd_pipeline.evaluation.benchmarks.wemath_score import RunRatio, id_draws, ratio_interval
from rlsd_pipeline.statistics.bootstrap import cluster_ratio

SEGMENT = "share of the credit on a segment (bootstrap)"
AGREEMENT = "sign agreement (bootstrap)"
CORRUPTION = "corruption probe, shift a token (bootstrap)"
SIGNAL, COSINE = "signal share (BCa bootstrap)", "cosine with the true gradient (bootstrap)"
SIZES = (8, 16, 32, 64)

_GROUP = 8
_DIMENSIONS = 200

Rows = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]
"""Problems -> numerators and denominators of them; `[problems]` each."""


def group() -> Group:
    """All that is over problems."""
    ratios = [(SEGMENT, segments), (AGREEMENT, agreements), (CORRUPTION, shifts)]
    return Group(
        "Over problems of a batch",
        "coverage",
        [
            *(
                _ratio(name, rows, n)._replace(label=FEW_PROBLEMS if n <= 16 else "")
                for name, rows in ratios
                for n in SIZES
            ),
            *information(),
            *fidelities.coverage(),
            *(_signal(SIGNAL, n) for n in (16, 32, 64)),
            _signal(COSINE, 16),
            *(_wemath(what) for what in _CHAINS),
        ],
    )


def segments(rng: np.random.Generator, problems: int) -> tuple[np.ndarray, np.ndarray]:
    """Credit on a segment, and all of it; half of the groups are all right or wrong: 0."""
    size = rng.lognormal(0, 1, problems) * (rng.random(problems) < 0.5)
    return size * rng.beta(3, 2, problems), size


def agreements(rng: np.random.Generator, problems: int) -> tuple[np.ndarray, np.ndarray]:
    """Signal tokens that agree in sign, and all of them: some 18 tokens for 8 responses."""
    tokens = 1 + rng.poisson(18 * _GROUP * rng.beta(1, 1, problems))
    return rng.binomial(tokens, rng.beta(8, 1.5, problems)), tokens


def shifts(rng: np.random.Generator, problems: int) -> tuple[np.ndarray, np.ndarray]:
    """Summed shifts of a problem's tokens, mostly small, and their number."""
    tokens = 20.0 + rng.poisson(100, problems)
    return tokens * rng.exponential(0.1, problems), tokens


@lru_cache
def _true_ratio(rows: Rows) -> float:
    above, below = rows(np.random.default_rng(0), 4_000_000)
    return float(above.sum() / below.sum())


def _ratio(name: str, rows: Rows, problems: int) -> Condition:
    ids = [str(place) for place in range(problems)]

    def once(rng: np.random.Generator) -> bool:
        above, below = rows(rng, problems)
        found = cluster_ratio(above, below, ids, confidence=LEVEL)
        return holds(found, _true_ratio(rows))

    return Condition(name, f"{problems} problems", once)


def _signal(name: str, problems: int) -> Condition:
    """Gradients of problems: a mean, a deviation of each, and heavier problems among them."""
    mean = np.full(_DIMENSIONS, 0.05)
    other = mean + 0.05 * np.resize([1.0, -1.0], _DIMENSIONS)
    truths = {
        SIGNAL: problems * mean @ mean / (problems * mean @ mean + _DIMENSIONS * 0.04 * _HEAVY),
        COSINE: mean @ other / np.sqrt(mean @ mean * (other @ other)),
    }
    read = {SIGNAL: "share", COSINE: "cosine"}[name]

    def once(rng: np.random.Generator) -> bool:
        draw = partial(_gradients, rng, problems)
        own, reference = draw(mean), draw(other)
        products = Products(own @ own.T, reference @ reference.T, own @ reference.T, _DIMENSIONS)
        found = getattr(signal(products, LEVEL), read)
        return found is not None and holds(found, truths[name])

    return Condition(name, f"{problems} problems, true {truths[name]:.2f}", once, tables=1000)


_HEAVY = float(np.exp(2 * 0.5**2))
"""Mean square of a problem's weight below."""


def _gradients(rng: np.random.Generator, problems: int, mean: np.ndarray) -> np.ndarray:
    noise = 0.2 * rng.standard_normal((problems, _DIMENSIONS))
    return mean + rng.lognormal(0, 0.5, (problems, 1)) * noise


_CHAINS = {"strict score": 100, "strict RM rate": 100, "accuracy on a concept": 12}
"""Label of We-Math's table -> chains of questions."""


def _wemath(label: str) -> Condition:
    """Chains of two steps and their problem, which are mastered or not together."""
    draws = id_draws(_CHAINS[label])

    def ratio(rng: np.random.Generator, chains: int) -> RunRatio:
        mastery = rng.beta(1.2, 0.8, chains)
        steps, whole = rng.binomial(2, mastery), rng.random(chains) < mastery
        every, one = steps == 2, np.ones(chains)
        shares = {
            "strict score": (every & whole) + 0.5 * (every & ~whole),
            "strict RM rate": ~every & whole,
            "accuracy on a concept": steps,
        }
        below = {"strict RM rate": whole.astype(float), "accuracy on a concept": 2 * one}
        return RunRatio(shares[label][:, None] * 1.0, below.get(label, one)[:, None])

    many = ratio(np.random.default_rng(0), 2_000_000)
    truth = float(many.above.sum() / many.below.sum())

    def once(rng: np.random.Generator) -> bool:
        return holds(ratio_interval(ratio(rng, draws.shape[1]), draws, LEVEL), truth)

    return Condition(
        f"We-Math, {label} (bootstrap)",
        f"{draws.shape[1]} chains, true {truth:.2f}",
        once,
        tables=1000,
    )
