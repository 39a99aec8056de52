"""The files of an experiment's checkpoints that its retention does not keep.

Several arms may share a checkpoint. A file is deleted only if no reference to the checkpoint keeps
it.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from rlsd_pipeline.artifacts.garbage import Drop, collect, dropped
from rlsd_pipeline.artifacts.inventory import Inventory, StoredArtifact, take_inventory
from rlsd_pipeline.artifacts.storage import Storage
from rlsd_pipeline.artifacts.versions import parse_record
from rlsd_pipeline.config.experiment import Arm, ExperimentConfig
from rlsd_pipeline.config.retention import RetentionConfig
from rlsd_pipeline.config.teacher import EMATeacher, ModelTeacher
from rlsd_pipeline.stages.workspace import StageRun
from schemas import PolicyCheckpoint

KEPT_WITH_INPUTS = ("benchmark_responses",)
"""They have no references; they spare an evaluation what its policy has answered already."""

Part = Literal["optimizer state", "weights"]

OPTIMIZER: Final = "optimizer state"
WEIGHTS: Final = "weights"

_ALL: frozenset[Part] = frozenset({OPTIMIZER, WEIGHTS})
_RECORD = "policy_checkpoint.json"


class Retained(NamedTuple):
    """An experiment and what is kept of it."""

    experiment: ExperimentConfig
    retention: RetentionConfig


def droppable(
    storage: Storage, inventory: Inventory, experiments: Mapping[str, Retained]
) -> dict[str, list[Drop]]:
    """Files that no reference keeps, by the folder of their artifact.

    Args:
        storage: The store's files.
        inventory: What they are.
        experiments: Experiment name -> what is kept of it; all is kept of any other.
    """
    keeps: dict[str, set[Part]] = {}
    owners: dict[str, str] = {}
    known = {name: _Keeping(inventory, name, retained) for name, retained in experiments.items()}
    for ref, folder in inventory.refs.items():
        if folder in inventory.artifacts:
            experiment, _, place = ref.partition("/")
            parts = known[experiment].parts(place) if experiment in known else _ALL
            keeps.setdefault(folder, set()).update(parts)
            owners.setdefault(folder, "/".join(ref.split("/")[:2]))
    found = [inventory.artifacts[folder] for folder, kept in keeps.items() if kept < _ALL]
    records = _records(storage, found)
    return {
        folder: [
            Drop(name, part, owners[folder])
            for part, names in files_by_part(record).items()
            if part not in keeps[folder]
            for name in names
        ]
        for folder, record in records.items()
    }


def retain(run: StageRun) -> int:
    """Apply the declared retention to an arm once its next policy is published.

    Returns:
        Bytes that were freed; 0 where it is not to be applied after this iteration.
    """
    experiment, name = run.experiment, run.workspace.name
    every = experiment.retention.in_training
    if every is None or (run.iteration + 1) % every:
        return 0
    storage = run.workspace.store.storage
    inventory = take_inventory(storage)
    # Of this arm alone: another process may be about to read the artifacts of another arm.
    own = {
        folder: [drop for drop in drops if drop.owner == f"{name}/{run.arm.name}"]
        for folder, drops in droppable(
            storage, inventory, {name: Retained(experiment, experiment.retention)}
        ).items()
    }
    return collect(storage, dropped(inventory, own), time.time())


class _Keeping:
    """The files that the references of one experiment keep."""

    def __init__(self, inventory: Inventory, name: str, retained: Retained) -> None:
        self._name = name
        self._experiment, self._retention = retained
        self._refs = inventory.refs
        self._arms = self._experiment.lineages()
        self._newest: dict[str, int] = {}
        for ref in inventory.refs:
            match ref.split("/"):
                case [experiment, arm, iteration, "policy"] if experiment == name:
                    self._newest[arm] = max(self._newest.get(arm, 0), int(iteration))

    def parts(self, place: str) -> Iterable[Part]:
        """The parts of its artifact that the reference at a place keeps.

        Stages without weights have none to lose.
        """
        match place.split("/"):
            case [name, iteration, "policy"] if name in self._arms:
                return self._of_policy(self._arms[name], int(iteration))
            case [name, iteration, "policy_checkpoint"] if name in self._arms:
                return self._of_policy(self._arms[name], int(iteration) + 1)
            case [name, iteration, "teacher"] if name in self._arms:
                return self._of_teacher(self._arms[name], int(iteration))
            case [name, _, "what_if", *_] if name in self._arms:
                # One update by another method, evaluated and never trained on.
                return _ALL if self._retention.optimizer == "all" else (WEIGHTS,)
        return _ALL

    def _of_policy(self, arm: Arm, iteration: int) -> Iterable[Part]:
        newest = self._newest.get(arm.name, iteration)
        if self._retention.optimizer == "all" or iteration >= newest:
            yield OPTIMIZER
        needed = (
            iteration % self._retention.checkpoints.every == 0
            or iteration in (0, newest)
            or iteration == self._snapshot(arm, newest)
            or self._is_due(arm, iteration)
        )
        if needed:
            yield WEIGHTS

    def _of_teacher(self, arm: Arm, iteration: int) -> Iterable[Part]:
        """A moving average continues that of the previous iteration."""
        newest = self._newest.get(arm.name, iteration)
        every = self._retention.checkpoints.every
        moves = isinstance(arm.teacher, EMATeacher)
        return _ALL if not moves or iteration >= newest - 1 or iteration % every == 0 else ()

    @staticmethod
    def _snapshot(arm: Arm, iteration: int) -> int | None:
        """The policy that teaches at an iteration; later ones are taught by it or by newer ones."""
        if isinstance(arm.teacher, EMATeacher | ModelTeacher):
            return None
        return arm.teacher.iteration(iteration)

    def _is_due(self, arm: Arm, iteration: int) -> bool:
        """Whether an evaluation that is declared has not been done."""
        evaluation = self._experiment.evaluation
        if iteration % evaluation.every and iteration != self._experiment.iterations:
            return False
        place = f"{self._name}/{arm.name}/{iteration:03d}"
        return any(
            f"{place}/benchmark_scores.{benchmark.name}" not in self._refs
            for benchmark in evaluation.benchmarks
        )


def _records(storage: Storage, artifacts: Iterable[StoredArtifact]) -> dict[str, PolicyCheckpoint]:
    """Folder -> checkpoint record, for the checkpoints among some artifacts."""
    paths = {a.folder: file.path for a in artifacts for file in a.named([_RECORD]).values()}
    contents = storage.read_many(paths.values())
    return {
        folder: parse_record(PolicyCheckpoint, contents[path], storage.locate(path), None, None)
        for folder, path in paths.items()
        if path in contents
    }


def files_by_part(checkpoint: PolicyCheckpoint) -> dict[Part, list[str]]:
    """The files of a checkpoint that retention may drop."""
    weights = [name for name in checkpoint.model_files if name.endswith(".safetensors")]
    return {OPTIMIZER: checkpoint.optimizer_files, WEIGHTS: weights}
