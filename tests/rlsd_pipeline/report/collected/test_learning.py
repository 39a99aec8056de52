"""Learning against fidelity, from what a store has."""

import pytest

from rlsd_pipeline.report.collected.comparison import comparison
from rlsd_pipeline.report.collected.learning import learning_plot, learning_plots
from rlsd_pipeline.stages.evaluation.learning import read_learning
from rlsd_pipeline.stages.evaluation.policy_evaluation import read_scores
from rlsd_pipeline.stages.workspace import Workspace
from schemas import Interval

FIDELITIES = {
    "grpo": Interval(value=0.2, low=0.1, high=0.3),
    "vine": Interval(value=1.0, low=1.0, high=1.0),
}
VALUES = {
    "grpo": {0: 0.5, 1: 0.6, 2: 0.4},
    "vine": {0: 0.7, 1: 0.9, 2: 0.65},
    "unmeasured": {0: 0.5},
}


def test_methods_of_which_both_is_known_are_points() -> None:
    plot = learning_plot("accuracy, area", VALUES, FIDELITIES, "grpo", 0.95)
    assert plot is not None
    grpo, vine = plot.points
    assert (grpo.method, grpo.gain) == ("grpo", Interval(value=0.0, low=0.0, high=0.0))
    assert (vine.method, vine.fidelity) == ("vine", FIDELITIES["vine"])
    # Gains .2, .3 and .25; 4.303 standard errors of .0289.
    found = (vine.gain.value, vine.gain.low, vine.gain.high)
    assert found == pytest.approx((0.25, 0.1258, 0.3742), abs=1e-4)


def test_one_seed_has_no_interval() -> None:
    plot = learning_plot("x", {"grpo": {0: 0.5}, "vine": {0: 0.75}}, FIDELITIES, "grpo", 0.95)
    assert plot is not None
    assert plot.points[1].gain == Interval(value=0.25, low=0.25, high=0.25)


def test_one_method_is_no_plot() -> None:
    assert learning_plot("x", {"grpo": {0: 0.5}}, FIDELITIES, "grpo", 0.95) is None


def test_without_token_values_there_is_nothing(workspace: Workspace) -> None:
    place = workspace.at("rlsd-s0", 0)
    learnt = read_learning(workspace, read_scores(workspace))
    assert learning_plots(place, comparison(place), learnt) == ()
