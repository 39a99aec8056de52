"""Learning curves: a method's mean over its seeds, with a band."""

from collections.abc import Callable, Mapping

from rlsd_pipeline.report.charts import Chart, Curve
from rlsd_pipeline.stages.evaluation.policy_evaluation import PolicyEvaluation, Scores
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.intervals import SHARE, mean_interval
from schemas import Interval

Measure = Callable[[PolicyEvaluation], Interval]
"""One evaluated policy -> a number with its interval over questions."""


def accuracy_chart(workspace: Workspace, benchmark: str, scores: Scores) -> Chart:
    """Accuracy by updates."""
    evaluated = scores[benchmark]
    blind = [one.score.blind_baseline for of in evaluated.values() for one in of.values()]
    return Chart(
        name=f"accuracy: {benchmark}",
        y_label="accuracy",
        curves=_curves(workspace, evaluated, lambda one: one.accuracy),
        blind=blind[-1] if blind else None,
        band_meaning=_meaning(workspace, "questions"),
    )


def mention_chart(workspace: Workspace, benchmark: str, scores: Scores) -> Chart:
    """Share of responses that mention a reference without having seen one, by updates."""
    evaluated = scores[benchmark]
    return Chart(
        name=f"mentions of a reference: {benchmark}",
        y_label="share of responses",
        curves=_curves(workspace, evaluated, lambda one: one.mentions),
        band_meaning=_meaning(workspace, "questions"),
    )


def _curves(
    workspace: Workspace, evaluated: Mapping[str, Mapping[int, PolicyEvaluation]], measure: Measure
) -> tuple[Curve, ...]:
    confidence = workspace.experiment.evaluation.confidence
    reached = {
        name: {arm.name: evaluated[arm.name] for arm in arms if evaluated[arm.name]}
        for name, arms in workspace.experiment.methods().items()
    }
    return tuple(_curve(name, of, measure, confidence) for name, of in reached.items() if of)


def _curve(
    method: str,
    reached: Mapping[str, Mapping[int, PolicyEvaluation]],
    measure: Measure,
    confidence: float,
) -> Curve:
    def mean(updates: int) -> Interval:
        # Seeds that begin with one policy are one measurement of it.
        found = {of[updates].artifact.digest: measure(of[updates]) for of in reached.values()}
        first, *others = found.values()
        values = [first.value, *(one.value for one in others)]
        return mean_interval(values, confidence, SHARE) if others else first

    seeds = {arm: {k: measure(one).value for k, one in of.items()} for arm, of in reached.items()}
    shared = sorted(set.intersection(*map(set, reached.values())))
    band = {updates: mean(updates) for updates in shared}
    return Curve(method=method, n_seeds=len(seeds), band=band, seeds=seeds)


def _meaning(workspace: Workspace, unit: str) -> str:
    most = max(len(arms) for arms in workspace.experiment.methods().values())
    over = unit if most == 1 else f"up to {most} seeds (Student's t)"
    return f"Bands are {workspace.experiment.evaluation.confidence:.0%} intervals over {over}."
