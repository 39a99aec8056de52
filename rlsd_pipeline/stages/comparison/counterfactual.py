"""A stage run with altered settings; the arm itself is not changed."""

import re
from dataclasses import dataclass, field, replace
from hashlib import sha256

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.stages.comparison.compared_methods import compared_advantages
from rlsd_pipeline.stages.registry import iteration_of
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.stages.workspace import StageRun
from rlsd_pipeline.weighting.method import Weighting

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9_-]+")


@dataclass(frozen=True)
class Counterfactual(StageRun):
    """An arm's iteration as if something of it were another, such as its method.

    What it makes has references of its own; what it does not make is read from the place itself.

    Attributes:
        place: Where it takes the place of the arm's own.
        change: Name of what is another.
    """

    place: StageRun = field(kw_only=True)
    change: str = field(kw_only=True)

    @property
    def experiment(self) -> ExperimentConfig:
        """The experiment, as declared for this run."""
        return self.place.experiment

    def reference(self, stage: str, iteration: int | None = None) -> str:
        """Name of what this run makes."""
        folder, _, name = self._unchanged().reference(stage, iteration).rpartition("/")
        return f"{folder}/what_if/{self.place.iteration:03d}/{_file_name(self.change)}/{name}"

    def read(self, stage: str, iteration: int | None = None) -> Artifact:
        """An artifact of this altered run, or else of the original one."""
        made = self.workspace.store.ref(self.reference(stage, iteration))
        return made or self._unchanged().read(stage, iteration)

    def report(self, stage: Stage, artifact: Artifact) -> None:
        """It is none of the arm's training."""

    def _unchanged(self) -> StageRun:
        return replace(self.place, iteration=self.iteration)


def make_credit(counterfactual: Counterfactual) -> None:
    """Make the streams of the method, and what they are made of beside rollouts and rewards."""
    _rollouts, _rewards, *credit, _update = iteration_of(counterfactual.arm)
    for stage in credit:
        counterfactual.make(stage)


def _file_name(method: str) -> str:
    """The name itself where a reference may bear it, else one that no other method has."""
    plain = _NOT_IN_A_NAME.sub("-", method)
    return plain if plain == method else f"{plain}-{sha256(method.encode()).hexdigest()[:8]}"


def as_if(
    run: StageRun, name: str, weighting: Weighting, iteration: int | None = None
) -> Counterfactual:
    """The place of `run`, or another iteration of its arm, under another method.

    A method that the experiment declares has the teacher and the advantages declared with it;
    another one has the arm's teacher, which sees what the method's own would, or else what the
    arm's does, and the experiment's advantages.
    """
    at = run.iteration if iteration is None else iteration
    declared = run.experiment.methods().get(name)
    teacher = declared[0].teacher if declared else run.arm.teacher
    privileged = weighting.privileged or run.arm.privileged
    if declared:
        privileged = declared[0].privileged
    changes = {
        "weighting": weighting,
        "advantages": compared_advantages(run, name),
        "teacher": teacher,
        "privileged": privileged,
        "token_values": weighting.valued_by(run.experiment.token_values),
    }
    arm = run.arm.model_copy(update=changes)
    return Counterfactual(run.workspace, arm, at, place=run, change=name)
