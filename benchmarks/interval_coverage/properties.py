"""Intervals of mentions, and of the three properties that `rlsd diagnose` decides."""

import numpy as np

from benchmarks.interval_coverage.conditions import LEVEL, Condition, Group, holds
from benchmarks.interval_coverage.questions import difficulties
from rlsd_pipeline.diagnostics.properties.leakage_free import leakage_free
from rlsd_pipeline.diagnostics.properties.objective_stability import objective_stability
from rlsd_pipeline.diagnostics.properties.recording import Evaluation, LeakCount, RunRecording
from rlsd_pipeline.diagnostics.properties.sustained_improvement import sustained_improvement
from rlsd_pipeline.statistics.intervals import repeated_share, score_interval, within

MENTIONS = "mentions of a single seed (Wilson)"
GAIN = "sustained improvement, gain (normal)"
SEED_GAIN = "sustained improvement, gain over seeds (Student's t)"
DECLINE = "sustained improvement, decline over seeds (Student's t)"
RISE, SEED_RISE = "leakage, rise (Newcombe)", "leakage, rise over seeds (wider of two)"
REBOUND = "stability, rebound over seeds (Student's t)"


def group() -> Group:
    """Mentions and properties."""
    return Group(
        "Mentions and the three properties",
        "coverage",
        [
            *(_mentions(samples, share) for samples in (1, 4) for share in (0.005, 0.05, 0.3)),
            *(_gain(n, samples) for n, samples in ((20, 1), (20, 4), (200, 4))),
            *(_seed_gain(n) for n in (2, 4)),
            _decline(4),
            *(_rise(1, samples) for samples in (1, 4)),
            *(_rise(seeds, 4) for seeds in (2, 4)),
            *(_rebound(n)._replace(label="in the definition") for n in (2, 4, 8)),
        ],
    )


def _mentions(samples: int, share: float) -> Condition:
    def once(rng: np.random.Generator) -> bool:
        count = rng.binomial(samples, difficulties(rng, share, 200)).sum()
        return holds(repeated_share(int(count), 200 * samples, 200, LEVEL), share)

    each = "1 response" if samples == 1 else f"{samples} responses"
    return Condition(MENTIONS, f"200 questions of {each}, share {share:g}", once)


def evaluation(updates: int, right: np.ndarray) -> Evaluation:
    """A score with the interval that the product gives it.

    Args:
        updates: Since the base.
        right: Share of each question's responses.
    """
    found = score_interval(right, LEVEL)
    return Evaluation(updates, found, len(right), LEVEL)


def _gain(count: int, samples: int) -> Condition:
    """Three evaluations on the same questions; the last one has gained .1."""

    def once(rng: np.random.Generator) -> bool:
        hard = difficulties(rng, 0.5, count)
        shares = [hard + gain * (1 - hard) for gain in (0.0, 0.1, 0.2)]
        found = [rng.binomial(samples, share) / samples for share in shares]
        run = RunRecording("s", evaluations=[evaluation(10 * k, r) for k, r in enumerate(found)])
        return holds(sustained_improvement([run], confidence=LEVEL).pooled["gain"], 0.1)

    each = "1 response" if samples == 1 else f"{samples} responses"
    return Condition(GAIN, f"{count} questions of {each}, true +.1", once, tables=1000)


def _trainings(rng: np.random.Generator, seeds: int) -> list[RunRecording]:
    """Each gains .1 by its second evaluation and stays there, with a deviation of .05 and noise."""
    runs = []
    for seed in range(seeds):
        own = 0.1 + 0.05 * rng.standard_normal()
        scores = 0.5 + np.array([0, own, own, own]) + 0.02 * rng.standard_normal(4)
        found = [
            Evaluation(10 * k, within(s, (s - 0.04, s + 0.04)), 500) for k, s in enumerate(scores)
        ]
        runs.append(RunRecording(f"s{seed}", evaluations=found))
    return runs


def _seed_gain(seeds: int) -> Condition:
    def once(rng: np.random.Generator) -> bool:
        found = sustained_improvement(_trainings(rng, seeds), confidence=LEVEL)
        return holds(found.pooled["gain"], 0.1)

    return Condition(SEED_GAIN, f"{seeds} seeds, true +.1, sd .05", once, tables=1000)


def _decline(seeds: int) -> Condition:
    """From the evaluation that looks best to the last; three of four are equally good."""

    def once(rng: np.random.Generator) -> bool:
        found = sustained_improvement(_trainings(rng, seeds), confidence=LEVEL)
        return holds(found.pooled["decline"], 0.0)

    return Condition(DECLINE, f"{seeds} seeds, true 0, the best of three", once, tables=1000)


def _rise(seeds: int, samples: int) -> Condition:
    """On the same 200 questions; trainings differ in how much they raise the share."""
    deviation = 0.0 if seeds == 1 else 0.05

    def once(rng: np.random.Generator) -> bool:
        runs = []
        hard = difficulties(rng, 0.05, 200)
        for seed in range(seeds):
            raised = np.clip(0.1 + deviation * rng.standard_normal(), 0, 1)
            shares = (hard, hard + raised * (1 - hard))
            start, end = (int(rng.binomial(samples, share).sum()) for share in shares)
            counts = (LeakCount(start, 200 * samples), LeakCount(end, 200 * samples))
            runs.append(RunRecording(f"s{seed}", leak_start=counts[0], leak_end=counts[1]))
        return holds(leakage_free(runs, confidence=LEVEL).pooled["rise"], 0.095)

    each = "1 response" if samples == 1 else f"{samples} responses"
    name, of = (RISE, "") if seeds == 1 else (SEED_RISE, f"{seeds} seeds, ")
    return Condition(name, f"{of}200 questions of {each}, true +.095", once, tables=1000)


def _rebound(seeds: int) -> Condition:
    """The true one is the mean over many seeds of what one is measured to rebound."""

    def once(rng: np.random.Generator) -> bool:
        found = objective_stability([_stable(rng) for _ in range(seeds)], confidence=LEVEL)
        return holds(found.pooled["rebound"], _REBOUND)

    return Condition(REBOUND, f"{seeds} seeds, divergences that level off", once, tables=1000)


def _stable(rng: np.random.Generator) -> RunRecording:
    steps = np.arange(40)
    divergence = (0.3 + np.exp(-steps / 6)) * rng.lognormal(0, 0.15, 40)
    return RunRecording("s", objective=rng.standard_normal(40), divergence=divergence)


def _many_rebounds() -> float:
    rng = np.random.default_rng(0)
    runs = [_stable(rng) for _ in range(4000)]
    return objective_stability(runs).pooled["rebound"].value


_REBOUND = _many_rebounds()
