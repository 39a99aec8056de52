"""Learning curves: a method's mean over its seeds, with a band."""

from collections.abc import Callable, Mapping

from rlsd_pipeline.report.data import BandPoint, Chart, Curve, Point
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
    curves = []
    for name, arms in workspace.experiment.methods().items():
        measured = {
            arm.name: {k: measure(one) for k, one in evaluated[arm.name].items()}
            for arm in arms
            if evaluated[arm.name]
        }
        if not measured:
            continue
        shared = sorted(set.intersection(*(set(points) for points in measured.values())))
        reached = [evaluated[arm] for arm in measured]
        band = []
        for updates in shared:
            policies = {of[updates].artifact.digest: measure(of[updates]) for of in reached}
            found = list(policies.values())
            values = [one.value for one in found]
            mean = found[0] if len(found) == 1 else mean_interval(values, confidence, SHARE)
            band.append(BandPoint(updates, mean.value, mean.low, mean.high))
        seeds = {
            arm: tuple(Point(updates, one.value) for updates, one in sorted(points.items()))
            for arm, points in measured.items()
        }
        curves.append(Curve(method=name, n_seeds=len(measured), band=tuple(band), seeds=seeds))
    return tuple(curves)


def _meaning(workspace: Workspace, unit: str) -> str:
    most = max(len(arms) for arms in workspace.experiment.methods().values())
    over = unit if most == 1 else f"up to {most} seeds (Student's t)"
    return f"Bands are {workspace.experiment.evaluation.confidence:.0%} intervals over {over}."
