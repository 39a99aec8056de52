"""Checks what a training needs beside its inputs, before anything is computed."""

from assets.declared import Declared
from assets.run_cluster import require_kuberay
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.imports.stages import RolloutsImport
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage


def require(declared: Declared) -> None:
    """Refuse a training that could not come to its end.

    Raises:
        RlsdError: The hardware, a package or the model is missing, or does not fit.
    """
    from rlsd_pipeline.plan.refusal import require_hardware
    from rlsd_pipeline.stages.iteration.alignment import IN_WORDS
    from rlsd_pipeline.stages.iteration.base_model import check_model
    from rlsd_pipeline.tracking.tracker import require_packages

    experiment = declared.experiment
    rollouts = declared.stage(RolloutsStage)
    if isinstance(rollouts, RolloutsImport) and rollouts.tokens == "words":
        raise ConfigError(f"nothing can be trained here: {IN_WORDS}")
    require_hardware(declared.name, experiment)
    require_packages(experiment.trackers)
    require_kuberay(declared)
    check_model(experiment.model, experiment.prompts.system)
