"""The base class of stages: inputs, request, work and result of a stage in one object."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel

from rlsd_pipeline.components.component import Component, built_in_name, identity
from rlsd_pipeline.components.guarded import guarded

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactRequest, ArtifactWriter
    from rlsd_pipeline.config.experiment import Arm, ExperimentConfig
    from rlsd_pipeline.stages.workspace import StageRun
    from schemas import Record

Scope = Literal["experiment", "policy", "iteration"]
"""What has an artifact of its own: the experiment, each policy of an arm, or each iteration."""


class Stage(Component):
    """One stage: artifacts in, one artifact out, and everything that is said about it.

    What an artifact depends on stands in its request: the stage's version, the parts of the
    experiment in `decided_by`, `settings`, and the artifacts in `inputs`. Work that depends on
    anything else would be taken from the store where it has to be done again.

    Its file loads no model library, since the definitions load it: the work imports what it needs.
    """

    component_kind = "stage"

    name: ClassVar[str]
    """Name of the stage, of its asset and of its references."""

    description: ClassVar[str]
    """The description that its asset shows."""

    version: ClassVar[str] = "1"
    """Raised by hand when the same inputs give another result."""

    scope: ClassVar[Scope] = "iteration"

    reads: ClassVar[tuple[str, ...]] = ()
    """Stages whose artifacts it reads."""

    decided_by: ClassVar[tuple[str, ...]] = ()
    """Parts of the experiment that decide its result; `settings` has the arm's."""

    writes: ClassVar[tuple[type[Record], ...]]
    """Records and tables of its artifact; the first one is always there."""

    computes: ClassVar[bool] = False
    """Whether its work runs where the experiment's `compute` says."""

    @property
    def full_name(self) -> str:
        """Of its artifact; where a benchmark has one each, with the benchmark's name."""
        return self.name

    def upstream(self, experiment: ExperimentConfig) -> tuple[str, ...]:
        """Full names of the stages that come before it."""
        return self.reads

    def needs(self, name: str, arm: Arm) -> bool:
        """Whether a stage of `upstream` comes before it for an arm too."""
        return True

    def inputs(self, run: StageRun) -> dict[str, Artifact]:
        """The artifacts that it reads here, by their role.

        Raises:
            ArtifactError: One of them has not been made.
        """
        return {name: run.read(name) for name in self.reads}

    def settings(self, run: StageRun) -> dict[str, Any]:
        """Further settings that decide its result beside `decided_by`, as plain JSON values."""
        return {}

    def implementation(self) -> dict[str, Any]:
        """A user's code with its settings; nothing of a stage's own, which has its version."""
        own = built_in_name(type(self)) is not None
        return {} if own else {"implementation": identity(self)}

    def seeds(self, run: StageRun) -> dict[str, int]:
        """Seeds of its random generators, by purpose."""
        return {}

    def request(
        self, run: StageRun, inputs: Mapping[str, Artifact] | None = None
    ) -> ArtifactRequest:
        """The request that identifies its artifact: the store keeps one for each fingerprint.

        Args:
            run: Where.
            inputs: What it reads, where that is known.
        """
        from rlsd_pipeline.artifacts import ArtifactRequest

        read = self.inputs(run) if inputs is None else inputs
        return ArtifactRequest(
            stage=self.full_name,
            code_version=self.version,
            config={
                **plain(run.experiment, *self.decided_by),
                **self.settings(run),
                **self.implementation(),
            },
            inputs={role: artifact.digest for role, artifact in read.items()},
            seeds=self.seeds(run),
        )

    def require(self, run: StageRun, inputs: Mapping[str, Artifact]) -> None:
        """Refuse unusable inputs, before the store is asked for a result.

        Raises:
            RlsdError: Says what does not fit.
        """

    @abstractmethod
    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Do the work.

        Args:
            run: The arm and the iteration, with the experiment.
            inputs: From `inputs`.
            out: Takes the records and tables that it leaves, as named in `writes`.
        """

    def make(self, run: StageRun) -> Artifact:
        """Its artifact here, from the store or computed, under its reference.

        Raises:
            RlsdError: What it reads is not here or does not fit, or the work is refused.
        """
        with guarded(self, f"{run.arm.name} at iteration {run.iteration:03d}"):
            inputs = self.inputs(run)
            self.require(run, inputs)
            request = self.request(run, inputs)
            artifact = run.produce(request, lambda out: self.write(run, inputs, out))
            run.report(self, artifact)
            return artifact

    def is_current(self, run: StageRun) -> bool:
        """Whether its artifact is here and is what the experiment now declares."""
        artifact = run.workspace.store.intact_ref(run.reference(self.full_name))
        return artifact is not None and (
            artifact.fingerprint == self.request(run.as_drawn()).fingerprint
        )

    def metrics(self, artifact: Artifact) -> dict[str, float] | None:
        """Numbers of its artifact that are worth a curve; None of a stage that has no curves."""
        return None


def plain(config: BaseModel, *fields: str) -> dict[str, Any]:
    """The named parts of a configuration as plain JSON values."""
    return identity(config, *fields) if fields else {}
