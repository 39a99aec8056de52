"""Finds scores that are of a former policy: the arm was trained anew, and not evaluated since."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.upkeep.earlier import Standing, earlier_notes, standing
from rlsd_pipeline.stages.upkeep.kept import Kept
from rlsd_pipeline.stages.workspace import Workspace


def is_of(score: Artifact | None, policy: Artifact | None) -> bool:
    """Whether a score is of this policy, and of no former one in its place."""
    if score is None or policy is None:
        return False
    return score.manifest.inputs.get(PolicyStage.name) == policy.digest


def of_former_policies(
    workspace: Workspace, arms: Mapping[str, Standing]
) -> dict[str, dict[str, list[int]]]:
    """Arm -> benchmark -> the updates after which its score is of a former policy.

    An arm that is behind is left out: redoing it evaluates it as well.

    Args:
        workspace: The experiment.
        arms: How far each arm is.
    """
    found = {
        arm: dict(_of_arm(workspace, arm, one.updates))
        for arm, one in arms.items()
        if one.updates is not None and one.current == one.updates
    }
    return {arm: benchmarks for arm, benchmarks in found.items() if benchmarks}


def former_policy_notes(former: Mapping[str, Mapping[str, Sequence[int]]]) -> list[str]:
    """One sentence for all arms whose scores on a benchmark are of former policies alike.

    Args:
        former: From `of_former_policies`.
    """
    groups: dict[tuple[str, tuple[int, ...]], list[str]] = defaultdict(list)
    for arm, benchmarks in former.items():
        for benchmark, updates in benchmarks.items():
            groups[benchmark, tuple(updates)].append(arm)
    return [
        f"{', '.join(names)}: trained anew since it was scored on {benchmark}; the scores after "
        f"{', '.join(map(str, updates))} updates are of former policies"
        for (benchmark, updates), names in groups.items()
    ]


def outdated_notes(workspace: Workspace) -> list[str]:
    """What of the results is of an earlier declaration, of a former draw or of a former policy."""
    arms = {arm: standing(workspace, arm) for arm in workspace.experiment.lineages()}
    return [
        *earlier_notes(workspace, arms),
        *former_policy_notes(of_former_policies(workspace, arms)),
    ]


def _of_arm(workspace: Workspace, arm: str, updates: int) -> Iterator[tuple[str, list[int]]]:
    """Of the policies that a training evaluates: every n-th, and the newest."""
    evaluation = workspace.experiment.evaluation
    run = Kept.of(workspace.at(arm, 0))
    scheduled = sorted({*range(0, updates, evaluation.every), updates})
    for benchmark in evaluation.benchmarks:
        name = BenchmarkScoresStage(benchmark=benchmark).full_name
        former = [
            k
            for k in scheduled
            if (score := run.kept(name, k))
            and (policy := run.kept(PolicyStage.name, k))
            and not is_of(score, policy)
        ]
        if former:
            yield benchmark.name, former
