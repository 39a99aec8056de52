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
"""The unit with an artifact of its own: the experiment, each policy of an arm, or each
iteration."""


class Stage(Component):
    """A stage: it reads artifacts and writes one.

    A request names everything that an artifact depends on: the stage's version, the parts of the
    experiment in `decided_by`, `settings`, and the artifacts in `inputs`. If the work depended on
    anything else, the store would return stale results.

    Its file must not import a model library, since Dagster's definitions load it; `write` imports
    what it needs.
    """

    component_kind = "stage"

    name: ClassVar[str]
    """Name of the stage, of its asset and of its references."""

    description: ClassVar[str]
    """The description that its asset shows."""

    version: ClassVar[str] = "1"
    """Version of its code; raise it when the same inputs give another result."""

    scope: ClassVar[Scope] = "iteration"

    reads: ClassVar[tuple[str, ...]] = ()
    """Stages whose artifacts it reads."""

    decided_by: ClassVar[tuple[str, ...]] = ()
    """Parts of the experiment that decide its result; `settings` has the arm's."""

    writes: ClassVar[tuple[type[Record], ...]]
    """Records and tables of its artifact; the first one always exists."""

    computes: ClassVar[bool] = False
    """Whether its work runs at the experiment's `compute`."""

    @property
    def full_name(self) -> str:
        """Name of its artifact; with the benchmark's name if each benchmark has its own."""
        return self.name

    def upstream(self, experiment: ExperimentConfig) -> tuple[str, ...]:
        """Full names of the preceding stages."""
        return self.reads

    def needs(self, name: str, arm: Arm) -> bool:
        """Whether it needs a stage of `upstream` for an arm."""
        return True

    def inputs(self, run: StageRun) -> dict[str, Artifact]:
        """Role -> the input artifact here.

        Raises:
            ArtifactError: One of them has not been made.
        """
        return {name: run.read(name) for name in self.reads}

    def settings(self, run: StageRun) -> dict[str, Any]:
        """Further settings that decide its result beside `decided_by`, as plain JSON values."""
        return {}

    def implementation(self) -> dict[str, Any]:
        """Identity of a user's code and settings; empty for a built-in stage."""
        own = built_in_name(type(self)) is not None
        return {} if own else {"implementation": identity(self)}

    def seeds(self, run: StageRun) -> dict[str, int]:
        """Purpose -> seed of a random generator."""
        return {}

    def request(
        self, run: StageRun, inputs: Mapping[str, Artifact] | None = None
    ) -> ArtifactRequest:
        """The request that identifies its artifact: the store keeps one for each fingerprint.

        Args:
            run: The arm and the iteration, with the experiment.
            inputs: Its input artifacts, if they are known already.
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
            RlsdError: An input is unusable; says why.
        """

    @abstractmethod
    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Do the work, and write the records and tables.

        Args:
            run: The arm and the iteration, with the experiment.
            inputs: The input artifacts by role.
            out: Receives the records and tables named in `writes`.
        """

    def make(self, run: StageRun) -> Artifact:
        """Read its artifact from the store, or compute it, and set its reference.

        A stage of a training first computes deleted files that it reads again.

        Raises:
            RlsdError: An input is missing or does not fit, or the work is refused.
        """
        from rlsd_pipeline.stages.registry import iteration_of
        from rlsd_pipeline.stages.upkeep.restore import with_restored

        with guarded(self, f"{run.arm.name} at iteration {run.iteration:03d}"):
            if isinstance(self, iteration_of(run.arm)):
                return with_restored(run, self._make)
            return self._make(run)

    def _make(self, run: StageRun) -> Artifact:
        inputs = self.inputs(run)
        self.require(run, inputs)
        request = self.request(run, inputs)
        artifact = run.produce(request, lambda out: self.write(run, inputs, out))
        run.report(self, artifact)
        return artifact

    def is_current(self, run: StageRun) -> bool:
        """Whether its stored artifact is the one that the experiment now declares."""
        artifact = run.workspace.store.intact_ref(run.reference(self.full_name))
        return artifact is not None and (
            artifact.fingerprint == self.request(run.as_drawn()).fingerprint
        )

    def metrics(self, artifact: Artifact) -> dict[str, float] | None:
        """Numbers of its artifact that are drawn as curves; None for a stage without curves."""
        return None


def plain(config: BaseModel, *fields: str) -> dict[str, Any]:
    """The named parts of a configuration as plain JSON values."""
    return identity(config, *fields) if fields else {}
