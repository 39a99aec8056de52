"""We-Math's four-dimensional score: does a model that solves a problem master its steps?

The questions of one ID are the single steps of a problem and the problem itself. Of a problem that
is not solved, IK (insufficient knowledge) says that a step is not either, and IG (inadequate
generalisation) that all steps are. Of one that is solved, CM (complete mastery) says that all
steps are, or loosely any, and RM (rote memorisation) that they are not. The score is
(CM + IG / 2) / IDs.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.scored import CLUSTER, Scored, Summary
from rlsd_pipeline.statistics.intervals import SHARE, wilson_share, within
from schemas import BreakdownScore, Interval, Problem, Verdict

KEY = "key"
"""Attribute that says which question of its ID one is, such as `2steps_1` or `2steps_multi`."""

CONCEPT = "concept"
"""Attribute that names what a single step is about."""

_WHOLE = "multi"
_RESAMPLES = 10_000
_SEED = 0

Group = Mapping[str, np.ndarray]
"""The questions of one ID: key -> whether each response is right, `[runs]`."""


class RunRatio(NamedTuple):
    """A share of every run: `above.sum(0) / below.sum(0)`, both `[IDs, runs]`."""

    above: np.ndarray
    below: np.ndarray


def whole_group(steps: int) -> set[str]:
    """The keys of an ID with this many steps."""
    return {f"{steps}steps_{part}" for part in (*range(1, steps + 1), _WHOLE)}


def summarise(scored: Sequence[Scored], confidence: float) -> Summary:
    """The strict score with the authors' table, each number with a bootstrap interval over IDs.

    Where several responses to a question were sampled, everything is computed for each run of
    the benchmark and then averaged. An ID counts where every question has a verdict in all runs.

    Returns:
        The strict score; an ID's contribution is 1 for CM, 1/2 for IG. The breakdown has the
        shares of the IDs that are IK, IG, CM and RM, strict and loose, the rate RM / (CM + RM),
        the loose score, the accuracies S1 over single steps and S2 and S3 over problems of two
        and three, and that of each concept over single steps; `n` counts IDs, and questions
        for accuracies.

    Raises:
        DataError: No ID is complete.
    """
    groups = complete_groups(scored)
    if not groups:
        raise DataError(
            "We-Math's score needs all questions of an ID, such as 2steps_1, 2steps_2 and "
            "2steps_multi: no ID has a verdict on each of its questions in every run"
        )
    concepts = {_place(each.problem): each.problem.attributes[CONCEPT] for each in scored}
    dimensions = _dimensions(list(groups.values()))
    ratios = dimensions | _accuracies(groups, concepts)
    draws = id_draws(len(groups))
    estimates = {label: ratio_interval(ratio, draws, confidence) for label, ratio in ratios.items()}
    contributions = dimensions["strict score"].above.mean(axis=1)
    return Summary(
        estimates.pop("strict score"),
        {label: _part(found, ratios[label].below) for label, found in estimates.items()},
        dict(zip(groups, contributions.tolist(), strict=True)),
    )


def complete_groups(scored: Sequence[Scored]) -> dict[str, Group]:
    """ID -> its verdicts, for the IDs whose verdicts are complete."""
    runs = {run: place for place, run in enumerate(sorted({one.sample_index for one in scored}))}
    verdicts: dict[str, dict[str, list[bool | None]]] = defaultdict(dict)
    for each in scored:
        group, key = _place(each.problem)
        of_runs = verdicts[group].setdefault(key, [None] * len(runs))
        if each.verdict is not Verdict.VERIFIER_ERROR:
            of_runs[runs[each.sample_index]] = each.verdict is Verdict.CORRECT
    return {
        group: {key: np.array(verdicts[group][key], dtype=bool) for key in sorted(by_key)}
        for group, by_key in verdicts.items()
        if by_key.keys() == whole_group(_steps(by_key))
        and not any(None in of_runs for of_runs in by_key.values())
    }


def _dimensions(groups: Sequence[Group]) -> dict[str, RunRatio]:
    """Label -> share of the IDs."""
    steps = [[right for key, right in each.items() if not _is_whole(key)] for each in groups]
    every = np.array([np.all(of_id, axis=0) for of_id in steps])
    some = np.array([np.any(of_id, axis=0) for of_id in steps])
    solved = np.array([right for each in groups for key, right in each.items() if _is_whole(key)])
    one = np.ones(solved.shape)
    ratios: dict[str, RunRatio] = {}
    for name, mastered in (("strict", every), ("loose", some)):
        known, half, rote = mastered & solved, every & ~solved, ~mastered & solved
        ratios |= {
            f"{name} score": RunRatio(known + 0.5 * half, one),
            f"{name} IK": RunRatio(~every & ~solved, one),
            f"{name} IG": RunRatio(half, one),
            f"{name} CM": RunRatio(known, one),
            f"{name} RM": RunRatio(rote, one),
            f"{name} RM rate": RunRatio(rote, known | rote),
        }
    return ratios


def _accuracies(
    groups: Mapping[str, Group], concepts: Mapping[tuple[str, str], str]
) -> dict[str, RunRatio]:
    """Label -> share of the questions, of those in complete IDs."""
    rows = [
        (place, label, right)
        for place, (name, group) in enumerate(groups.items())
        for key, right in group.items()
        for label in _labels(key, concepts[name, key])
    ]
    shape = (len(groups), len(rows[0][2]))
    labels = sorted({label for _, label, _ in rows}, key=lambda label: (CONCEPT in label, label))
    ratios = {label: RunRatio(np.zeros(shape), np.zeros(shape)) for label in labels}
    for place, label, right in rows:
        ratios[label].above[place] += right
        ratios[label].below[place] += 1
    return ratios


def _labels(key: str, concept: str) -> tuple[str, ...]:
    return (f"S{key[0]}",) if _is_whole(key) else ("S1", f"{CONCEPT}={concept}")


def id_draws(count: int) -> np.ndarray:
    """How often each ID is drawn, `[draws, IDs]`."""
    generator = np.random.default_rng(_SEED)
    return generator.multinomial(count, np.full(count, 1 / count), _RESAMPLES).astype(float)


def ratio_interval(ratio: RunRatio, draws: np.ndarray, confidence: float) -> Interval:
    """The mean over runs with its percentile interval; [0, 1] where nothing bounds it.

    Where all IDs agree, every draw does, which says nothing: then Wilson's interval over IDs. The
    percentiles are made wider for few IDs, as in `cluster_ratio`.
    """
    value = _mean_of_runs(ratio.above.sum(axis=0), ratio.below.sum(axis=0))
    drawn = _mean_of_runs(draws @ ratio.above, draws @ ratio.below)
    if np.isnan(value) or draws.shape[1] < 2:
        return within(0.0 if np.isnan(value) else float(value), SHARE)
    if value in (0.0, 1.0):
        asked = int((ratio.below.sum(axis=1) > 0).sum())
        return wilson_share(asked * int(value), asked, confidence)
    # SciPy, which that loads, takes longer than all that an experiment's YAML needs.
    from rlsd_pipeline.statistics.bootstrap import effective_number, percentiles

    weights = ratio.below.sum(axis=1)
    found = percentiles(float(value), drawn, confidence, effective_number(weights))
    # Rounding and a label that few IDs have must not leave the value outside.
    return within(found.value, (min(found.low, found.value), max(found.high, found.value)))


def _mean_of_runs(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The mean, over the runs that have any, of their shares; nan where no run has."""
    shares = np.divide(above, below, out=np.zeros(above.shape), where=below > 0)
    runs = (below > 0).sum(axis=-1)
    total = shares.sum(axis=-1)
    return np.divide(total, runs, out=np.full(np.shape(total), np.nan), where=runs > 0)


def _part(found: Interval, below: np.ndarray) -> BreakdownScore:
    n = int(below.max(axis=1).sum())
    return BreakdownScore(n=n, score=found.value, interval_low=found.low, interval_high=found.high)


def _place(problem: Problem) -> tuple[str, str]:
    return problem.attributes[CLUSTER], problem.attributes[KEY]


def _steps(keys: Mapping[str, object]) -> int:
    return int(next(iter(keys))[0])


def _is_whole(key: str) -> bool:
    return key.endswith(_WHOLE)
