"""policy: the weights that iteration 0 samples from; later policies are published checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.config.model import AnyModel, TinyQwen3VL
from rlsd_pipeline.stages.stage import Stage, plain
from schemas import PolicyCheckpoint

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.stages.workspace import StageRun


class PolicyStage(Stage):
    """The base model, loaded or warm-started, as a checkpoint of 0 updates."""

    type: Literal["policy"] = "policy"

    name = "policy"
    description = (
        "The weights that iteration k samples from: the base model at 000, else the checkpoint "
        "of the previous iteration. Materializing 000 starts the arm."
    )
    version = "2"
    scope = "policy"
    decided_by = ("model",)
    writes = (PolicyCheckpoint,)

    def model(self, run: StageRun) -> AnyModel:
        """The declared model."""
        return run.base_model

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The model as it comes; a warm start also depends on the prompts it teaches.

        Raises:
            ConfigError: The commit of a hub id cannot be found out.
            ModelError: A file or folder of the model cannot be read.
        """
        from rlsd_pipeline.identity.models import model_identity

        model = self.model(run)
        found: dict[str, Any] = {"model": model_identity(model)}
        if isinstance(model, TinyQwen3VL):
            found |= plain(run.experiment, "prompts")
            found |= run.experiment.dataset.demonstrated
        return found

    def require(self, run: StageRun, inputs: Mapping[str, Artifact]) -> None:
        """Refuse a model without a system message in its chat template, if one is declared.

        It is no part of the weights, so a policy that the store already holds is checked as well.
        """
        system = run.experiment.prompts.system
        if system is not None:
            from rlsd_pipeline.stages.iteration.base_model import check_model

            check_model(self.model(run), system)

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Load or warm-start the model and write it.

        Raises:
            ConfigError: The experiment is declared for other hardware.
            ModelError: There is no such model, or it cannot answer.
        """
        from rlsd_pipeline.stages.iteration.base_model import write_base

        write_base(run, self.model(run), out)
