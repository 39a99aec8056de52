"""The iterations that a report shows by default."""

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.report.collected.defaults import shown_iterations


def test_a_short_experiment_shows_its_last_iteration() -> None:
    arms = [{"weighting": {"type": "rlsd"}}]
    found = [
        shown_iterations(ExperimentConfig.model_validate({"arms": arms, "iterations": iterations}))
        for iterations in (200, 11, 10, 1)
    ]
    assert found == [(10, 0), (10, 0), (9, 0), (0, 0)]
