"""A stage run that reads artifacts and makes none."""

from dataclasses import dataclass, field

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.teacher import EMATeacher, ModelTeacher
from rlsd_pipeline.errors import ArtifactError
from rlsd_pipeline.stages.workspace import StageRun


@dataclass(frozen=True)
class Kept(StageRun):
    """A stage run that reads every artifact once and makes none."""

    known: dict[str, Artifact | None] = field(default_factory=dict)

    @classmethod
    def of(cls, run: StageRun) -> "Kept":
        """The same place, with the stored draw."""
        return cls(run.workspace, run.arm, run.iteration).as_drawn()

    def kept(self, stage: str, iteration: int | None = None) -> Artifact | None:
        """The artifact of a stage; None if it is missing."""
        name = self.reference(stage, iteration)
        if name not in self.known:
            self.known[name] = self.workspace.store.intact_ref(name)
        return self.known[name]

    def read(self, stage: str, iteration: int | None = None) -> Artifact:
        """The artifact of a stage.

        Raises:
            ArtifactError: There is no such artifact.
        """
        found = self.kept(stage, iteration)
        if found is None:
            raise ArtifactError(f"there is no {self.reference(stage, iteration)}")
        return found

    def teacher(self) -> Artifact:
        """The weights that teach here.

        Raises:
            ArtifactError: There are no such weights.
        """
        teacher = self.arm.teacher
        if isinstance(teacher, EMATeacher | ModelTeacher):
            return self.read("teacher")
        return self.read("policy", teacher.iteration(self.iteration))

    def kept_draw(self) -> int:
        """The stored draw of the rollouts."""
        found = self.kept("rollouts")
        return 0 if found is None else found.manifest.seeds.get("draw", 0)
