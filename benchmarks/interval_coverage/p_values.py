"""How often a test at the level .05 rejects what is true."""

import numpy as np

from benchmarks.interval_coverage import fidelities
from benchmarks.interval_coverage.conditions import LEVEL, Condition, Group
from benchmarks.interval_coverage.properties import evaluation
from benchmarks.interval_coverage.questions import clusters, difficulties, paired_policies
from benchmarks.interval_coverage.seeds import SEEDS, Draw, collapsing, normal
from rlsd_pipeline.diagnostics.properties.objective_stability import objective_stability
from rlsd_pipeline.diagnostics.properties.recording import RunRecording
from rlsd_pipeline.diagnostics.properties.sustained_improvement import sustained_improvement
from rlsd_pipeline.stages.evaluation.headroom import decide, equal_within
from rlsd_pipeline.statistics.intervals import with_test, within
from rlsd_pipeline.statistics.methods import holm, method_difference
from rlsd_pipeline.statistics.paired import compare_policies
from schemas import ScoreDifference

PAIRED = "p over seeds (paired t)"
HOLM = "any p over seeds after Holm"
MCNEMAR, FLIP = "p over questions (exact McNemar)", "p over questions (sign flip)"
FLIP_CLUSTERS = "p over clusters (sign flip)"
DECLINE, REBOUND = "p of a decline (normal)", "p of a rebound (t)"
DECIDED = "decided equal at half of the headroom"
_ALPHA = 1 - LEVEL


def group() -> Group:
    """All tests, where there is nothing to find."""
    return Group(
        "Tests, nominal .05",
        "rejects",
        [
            *(_paired(n, normal(0.05), "sd .05") for n in SEEDS),
            *(_paired(n, collapsing, "one in ten collapses, of both") for n in SEEDS),
            *(_holm(n) for n in (4, 8)),
            *(_questions(n, accuracy) for n, accuracy in ((20, 0.6), (200, 0.6), (1000, 0.05))),
            _several(12),
            *(_clusters(n)._replace(tables=1000) for n in (12, 60)),
            *fidelities.tests(),
            *(_decline(n) for n in (20, 200)),
            _rebound(),
            *(_decided(n) for n in (4, 8, 16)),
        ],
    )


def _rejects(found: ScoreDifference | None) -> bool:
    return found is not None and found.p_value < _ALPHA


def _paired(count: int, draw: Draw, how: str) -> Condition:
    def once(rng: np.random.Generator) -> bool:
        first, second = (
            {seed: {"all": float(score)} for seed, score in enumerate(0.6 + draw(rng, count))}
            for _ in range(2)
        )
        return _rejects(method_difference(first, second, LEVEL))

    return Condition(PAIRED, f"{count} seeds, {how}", once)


def _holm(count: int) -> Condition:
    """Six methods that are all as good as the one that they are compared with."""

    def once(rng: np.random.Generator) -> bool:
        scores = 0.6 + 0.05 * rng.standard_normal((7, count))
        first, *others = [{s: {"all": v} for s, v in enumerate(row)} for row in scores]
        found = {str(k): method_difference(first, one, LEVEL) for k, one in enumerate(others)}
        return any(one.p_corrected < _ALPHA for one in holm(found).values())

    return Condition(HOLM, f"6 methods, {count} seeds, sd .05", once, tables=1000)


def _questions(count: int, accuracy: float) -> Condition:
    def once(rng: np.random.Generator) -> bool:
        pair = paired_policies(rng, difficulties(rng, accuracy, count), 1, 0.0)
        return _rejects(compare_policies(*pair, confidence=LEVEL))

    return Condition(MCNEMAR, f"{count} questions of 1 response, accuracy {accuracy:g}", once)


def _several(count: int) -> Condition:
    def once(rng: np.random.Generator) -> bool:
        pair = paired_policies(rng, difficulties(rng, 0.6, count), 4, 0.0)
        return _rejects(compare_policies(*pair, confidence=LEVEL))

    return Condition(FLIP, f"{count} questions of 4 responses, accuracy 0.6", once)


def _clusters(count: int) -> Condition:
    """Two policies; by chance, each is better on some clusters."""

    def once(rng: np.random.Generator) -> bool:
        of = clusters(rng, count)
        shares = (difficulties(rng, 0.6, count)[of] for _ in range(2))
        first, second = (rng.binomial(1, share).astype(float) for share in shares)
        names = [str(place) for place in range(len(of))]
        pair = (dict(zip(names, scores, strict=True)) for scores in (first, second))
        named = dict(zip(names, of.astype(str), strict=True))
        return _rejects(compare_policies(*pair, named, LEVEL))

    return Condition(FLIP_CLUSTERS, f"{count} clusters of 1 to 5 questions", once)


def _decline(count: int) -> Condition:
    """Five evaluations of one policy on the same questions."""

    def once(rng: np.random.Generator) -> bool:
        hard = difficulties(rng, 0.5, count)
        found = [evaluation(10 * k, rng.binomial(1, hard)) for k in range(5)]
        outcome = sustained_improvement([RunRecording("s", evaluations=found)]).seeds[0]
        return outcome.evidence["decline_p_value"] < _ALPHA

    return Condition(
        DECLINE, f"{count} questions of 1 response, the best of four", once, tables=1000
    )


def _rebound() -> Condition:
    """The last block is truly a quarter above the lowest, which is what is tolerated."""

    def once(rng: np.random.Generator) -> bool:
        level = np.repeat([1.0, 0.6, 0.4, 0.4, 0.5], 8)
        divergence = np.append(np.full(5, 1.0), level * rng.lognormal(0, 0.2, 40))
        recording = RunRecording("s", objective=rng.standard_normal(45), divergence=divergence)
        return objective_stability([recording]).seeds[0].evidence["rebound_p_value"] < _ALPHA

    return Condition(REBOUND, "40 iterations, a rebound as large as is tolerated", once)


def _decided(count: int) -> Condition:
    """A method that is truly half of a headroom of .1 better than GRPO."""
    room = with_test(within(0.1, (0.05, 0.15)), 0.001, "paired t")

    def once(rng: np.random.Generator) -> bool:
        gains = 0.05 + 0.05 * rng.standard_normal(count)
        scores = ({s: {"all": v} for s, v in enumerate(row)} for row in (0 * gains, gains))
        found = method_difference(*scores, LEVEL)
        assert found is not None
        return decide(found, equal_within(dict(enumerate(gains)), LEVEL), room) == "equal"

    return Condition(DECIDED, f"{count} seeds, sd .05", once)
