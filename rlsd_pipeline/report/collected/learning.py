"""The methods' learning against the fidelity of their credit on shared rollouts."""

from collections.abc import Mapping

from rlsd_pipeline.report.charts import LearningPlot, LearningPoint
from rlsd_pipeline.report.comparison import Comparison
from rlsd_pipeline.stages.evaluation.headroom import gains
from rlsd_pipeline.stages.evaluation.learning import Learning, Learnt, by_seed
from rlsd_pipeline.stages.workspace import StageRun
from rlsd_pipeline.statistics.intervals import difference_of, within
from rlsd_pipeline.weighting.vine import Vine
from schemas import Interval

_ORACLE = Interval(value=1.0, low=1.0, high=1.0)
"""Its credit is the measurement itself."""


def learning_plots(
    place: StageRun, compared: Comparison | None, learnt: Mapping[str, Learning]
) -> tuple[LearningPlot, ...]:
    """A plot for the area and the end of each quantity; none without measured fidelities.

    Args:
        place: The iteration on whose rollouts the fidelities were measured.
        compared: What was found there.
        learnt: Quantity -> what each training learnt by it.
    """
    known = compared.bounded_fidelity if compared else {}
    if not known:
        return ()
    experiment = place.experiment
    methods = experiment.methods().items()
    known |= {name: _ORACLE for name, arms in methods if isinstance(arms[0].weighting, Vine)}
    meaning = (
        f"Fidelity on {experiment.sampling.prompts} problems before the policy of "
        f"{place.arm.name} at iteration {place.iteration}, with intervals over problems; that of "
        "the oracle is 1 by definition. Learning is paired with "
        f"{experiment.compared_with} over the seeds that both have (Student's t); one seed has no "
        "interval. Area: mean height of the curve over the updates; end: its last tenth."
    )
    trained = dict.fromkeys(method for learning in learnt.values() for method in learning)
    if unknown := [method for method in trained if method not in known]:
        meaning += f" Without a fidelity on these rollouts, and so not drawn: {', '.join(unknown)}."
    found = (
        learning_plot(
            f"{quantity}, {measure}",
            by_seed(learning, measure),
            known,
            experiment.compared_with,
            experiment.evaluation.confidence,
        )
        for quantity, learning in learnt.items()
        for measure in Learnt._fields
    )
    return tuple(plot.model_copy(update={"meaning": meaning}) for plot in found if plot)


def learning_plot(
    name: str,
    values: Mapping[str, Mapping[int, float]],
    fidelities: Mapping[str, Interval],
    compared: str,
    confidence: float,
) -> LearningPlot | None:
    """The methods with a fidelity and a result; None where they are fewer than two.

    Args:
        name: What was learnt.
        values: Method -> seed -> how much.
        fidelities: Method -> fidelity.
        compared: The method at zero.
        confidence: Confidence of the intervals.
    """
    points = []
    for method in values:
        gain = list(gains(values, method, compared).values())
        if method not in fidelities or not gain:
            continue
        found = difference_of(gain, confidence)
        # A method has no difference to itself, and one seed bounds nothing.
        bounded = method != compared and len(gain) > 1
        ends = (found.low, found.high) if bounded else (found.value, found.value)
        points.append(
            LearningPoint(
                method=method, fidelity=fidelities[method], gain=within(found.value, ends)
            )
        )
    if len(points) < 2:
        return None
    return LearningPlot(name=name, baseline=compared, points=tuple(points))
