"""The precision in which a policy samples, scores and is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rlsd_pipeline.config.experiment import ExperimentConfig
    from rlsd_pipeline.config.model import AnyModel
    from rlsd_pipeline.config.teacher import TeacherConfig

Precision = Literal["float32", "bfloat16"]


def model_precision(model: AnyModel) -> Precision:
    """Precision of a model's weights in sampling; a model that is built here has float32."""
    precision: Precision = getattr(model, "dtype", "float32")
    return precision


def training_precision(experiment: ExperimentConfig) -> Precision:
    """Precision of the passes of an update, and therefore of scoring.

    What is trained is float32 in either. Where one process trains, it computes in the policy's own
    precision.
    """
    precision: Precision | None = getattr(experiment.compute, "precision", None)
    return precision or model_precision(experiment.model)


def is_exact(experiment: ExperimentConfig) -> bool:
    """Whether sampling, scoring and training all compute in float32."""
    return {model_precision(experiment.model), training_precision(experiment)} == {"float32"}


def update_identity(experiment: ExperimentConfig) -> dict[str, str]:
    """How an update computes, where not everything is float32."""
    if is_exact(experiment):
        return {}
    return {"precision": f"{training_precision(experiment)}, float32 weights"}


def scoring_identity(experiment: ExperimentConfig, teacher: TeacherConfig) -> dict[str, str]:
    """How responses are scored, where not everything is float32."""
    model = getattr(teacher, "model", None)
    rounded = model is not None and model_precision(model) != "float32"
    if is_exact(experiment) and not rounded:
        return {}
    return {"scored_in": training_precision(experiment)}
