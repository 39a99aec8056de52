"""results: the scores of all arms in one table, each beside the base it started from."""

from collections.abc import Iterator
from typing import NamedTuple

from rlsd_pipeline.artifacts.tables import rows
from rlsd_pipeline.evaluation.heldout import question_scores
from rlsd_pipeline.evaluation.intervals import PairedDifference, paired_difference
from rlsd_pipeline.stages.run import Workspace
from schemas import BenchmarkScore, ItemVerdict


class Result(NamedTuple):
    """One line of the table.

    Attributes:
        arm: Name of the arm, or `base`.
        benchmark: Name of the benchmark.
        score: The score with its interval.
        gain: Paired difference to the arm's own base, None for the base itself.
    """

    arm: str
    benchmark: str
    score: BenchmarkScore
    gain: PairedDifference | None


def read_results(workspace: Workspace) -> list[Result]:
    """The base of every benchmark, then the newest score of each arm, from the store alone."""
    results: list[Result] = []
    for benchmark in workspace.experiment.evaluation.benchmarks:
        bases: set[str] = set()
        lines: list[Result] = []
        for arm in workspace.experiment.lineages():
            scored = dict(score_curve(workspace, arm, benchmark.name))
            if 0 not in scored:
                continue
            if scored[0].policy not in bases:
                bases.add(scored[0].policy)
                results.append(Result("base", benchmark.name, scored[0], None))
            newest = max(scored)
            if newest > 0:
                gain = _paired(workspace, arm, benchmark.name, newest)
                lines.append(Result(arm, benchmark.name, scored[newest], gain))
        results += lines
    return results


def score_curve(
    workspace: Workspace, arm: str, benchmark: str
) -> Iterator[tuple[int, BenchmarkScore]]:
    """Iteration and score of every evaluation of an arm that the store has, in order."""
    for iteration in range(workspace.experiment.iterations + 1):
        run = workspace.at(arm, iteration)
        artifact = workspace.store.ref(run.reference(f"benchmark_scores.{benchmark}"))
        if artifact is not None:
            yield iteration, artifact.record(BenchmarkScore)


def _paired(workspace: Workspace, arm: str, benchmark: str, newest: int) -> PairedDifference:
    stage = f"benchmark_scores.{benchmark}"
    base, last = (
        question_scores(list(rows(ItemVerdict, artifact.table(ItemVerdict))))
        for artifact in (workspace.at(arm, 0).read(stage), workspace.at(arm, newest).read(stage))
    )
    shared = sorted(base.keys() & last.keys())
    return paired_difference(
        [base[problem_id] for problem_id in shared],
        [last[problem_id] for problem_id in shared],
        workspace.experiment.evaluation.confidence,
    )
