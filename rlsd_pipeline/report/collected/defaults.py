"""The iterations and arms that a report shows by default."""

from rlsd_pipeline.config.experiment import ExperimentConfig

FIRST_TOKENS = 10
"""Default iteration of the shown tokens: the policy has moved, and λ has not decayed."""


def shown_iterations(experiment: ExperimentConfig) -> tuple[int, int]:
    """The default iterations, the preferred one first: an experiment may be shorter than that."""
    return min(FIRST_TOKENS, experiment.iterations - 1), 0


def taught(experiment: ExperimentConfig) -> list[str]:
    """Arms whose teacher sees a privileged context; RLSD first."""
    arms = [arm for arm in experiment.lineages().values() if arm.shows_privileged]
    return [arm.name for arm in sorted(arms, key=lambda arm: arm.weighting.type != "rlsd")]
