"""Marks stale partitions in Dagster, in all later iterations.

Dagster compares a partition only with its direct inputs, and the edge from a checkpoint to the next
iteration cannot be declared. So stale artifacts are reported again under versions that mark them:
Dagster then shows them, and everything that reads them, as out of step. In the later iterations
`policy` and `rollouts` are marked, since every other stage reads one of them. The table of all
scores, which has no partition, is marked as well. A stage that is made again has no mark. If the
earlier inputs come back, the mark is removed.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import dagster as dg

from assets.dagster_private import CODE_VERSION_TAG, DATA_VERSION_TAG
from assets.declared import Declared
from assets.in_step import arms_behind, evaluation
from assets.jobs import job_name
from assets.partitions import partition_key, split_key
from rlsd_pipeline.stages.evaluation.result_table import ResultsStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.registry import iteration_of

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.upkeep.settings import Setting
    from rlsd_pipeline.stages.workspace import StageRun, Workspace

MARK = "behind"
"""Code version, and beginning of the data version, of what is behind."""

_WHY = "behind"
_MOST_EVENTS = 20
"""How many events of a partition are searched for the one before its mark."""

Context = dg.OpExecutionContext | dg.AssetExecutionContext
Log = Callable[[dg.AssetMaterialization | dg.AssetCheckEvaluation], None]
"""Writes an event: of a run, or of none."""


class Place(NamedTuple):
    """A stage of an arm at an iteration; of the experiment, where no arm is named."""

    stage: str
    arm: str = ""
    iteration: int = 0


_RESULTS = Place(ResultsStage.name)


class Marks:
    """The marks of one experiment."""

    def __init__(
        self, declared: Declared, instance: dg.DagsterInstance, log: Log, cause: str
    ) -> None:
        """Of a run.

        Args:
            declared: The experiment.
            instance: What Dagster knows.
            log: Where marks are written.
            cause: What distinguishes these marks from others, such as the run's id.
        """
        self._declared = declared
        self._instance = instance
        self._log = log
        self._version = f"{MARK}-{cause}"

    @classmethod
    def of(cls, declared: Declared, context: Context) -> "Marks":
        """The marks of a run that makes stages."""
        # Dagster takes an evaluation, though its annotation names other events alone.
        log: Log = context.log_event  # type: ignore[assignment]
        return cls(declared, context.instance, log, context.run.run_id)

    def settle(self, run: "StageRun", stage: str) -> None:
        """Mark what is behind now that a stage has been made, or take marks away.

        Args:
            run: Where.
            stage: Which; only those that the iteration's update comes of change anything.
        """
        from rlsd_pipeline.stages.upkeep.kept import Kept
        from rlsd_pipeline.stages.upkeep.reasons import behind

        arm, iteration = run.arm.name, run.iteration
        if stage not in _names(run) or not self._is_followed(arm, iteration, stage):
            return
        policy = self._newest(Place(PolicyStage.name, arm, iteration))
        place = Kept.of(run)
        if policy is not None and is_marked(policy):
            self._mark(arm, iteration, _names(run), str(policy.metadata[_WHY].value))
        elif found := behind(place):
            first, changed = next(iter(found.items()))
            self._mark(arm, iteration, found, _reason(first, iteration, changed))
        else:
            self.restore(place)

    def look(self, arm: str) -> None:
        """Mark what of an arm is behind, where nothing is known but what the store has."""
        from rlsd_pipeline.stages.upkeep.earlier import standing
        from rlsd_pipeline.stages.upkeep.kept import Kept
        from rlsd_pipeline.stages.upkeep.reasons import behind

        workspace = self._declared.workspace()
        found = standing(workspace, arm)
        if found.changed and found.current < workspace.experiment.iterations:
            stages = behind(Kept.of(workspace.at(arm, found.current)))
            for first, changed in list(stages.items())[:1]:
                self._mark(arm, found.current, stages, _reason(first, found.current, changed))

    def settle_results(self) -> None:
        """Mark the table of all scores as long as an arm is behind, whose scores it holds."""
        if known := arms_behind(self._declared, self._instance):
            arm, why = next(iter(known.items()))
            self._mark_one(_RESULTS, f"{arm}: {why}", "evaluate what was redone")

    def restore(self, run: "StageRun") -> None:
        """Take away the marks of an arm from an iteration on, up to what is still behind."""
        from rlsd_pipeline.stages.upkeep.kept import Kept
        from rlsd_pipeline.stages.upkeep.reasons import behind

        arm, last = run.arm.name, run.experiment.iterations
        if arm not in arms_behind(self._declared, self._instance):
            return
        for iteration in range(run.iteration, last):
            here = Kept.of(run.workspace.at(arm, iteration))
            if here.kept(PolicyCheckpointStage.name) is None:
                break
            if behind(here):
                return
            for name in _names(here):
                self._unmark(Place(name, arm, iteration), here)
            self._unmark(Place(PolicyStage.name, arm, iteration + 1), here)
        self._tell(arm, None)
        self._restore_results()

    def _restore_results(self) -> None:
        """Remove the mark of the table if every score is of a present policy."""
        from rlsd_pipeline.stages.upkeep.former_policies import is_of

        workspace = self._declared.workspace()
        stage, run = self._declared.stage(ResultsStage), workspace.whole()
        if arms_behind(self._declared, self._instance) or not stage.is_current(run):
            return
        scores = stage.inputs(run).items()
        if all(is_of(score, _policy_beside(workspace, role)) for role, score in scores):
            self._unmark(_RESULTS, run)

    def _is_followed(self, arm: str, iteration: int, stage: str) -> bool:
        """Whether anything descends from a stage; in a continuing training nothing does."""
        if stage != PolicyCheckpointStage.name:
            return self._newest(Place(PolicyStage.name, arm, iteration + 1)) is not None
        following = self._newest(Place(RolloutsStage.name, arm, iteration + 1))
        return following is not None or arm in arms_behind(self._declared, self._instance)

    def _mark(self, arm: str, iteration: int, here: Collection[str], why: str) -> None:
        known = self._instance.get_materialized_partitions(self._declared.key(PolicyStage.name))
        updates = max((at for name, at in map(split_key, known) if name == arm), default=0)
        name = self._declared.name
        redo = (
            f"run {job_name(self._declared, 'train')} for {arm} with `updates` {updates}, or "
            f"`rlsd train {name} --arm {arm} --iterations {updates}`"
        )
        # The last first: a marked iteration then has only marked ones after it, even after a kill.
        for at in reversed(list(self._unmarked_after(arm, iteration))):
            for stage in (RolloutsStage.name, PolicyStage.name):
                self._mark_one(Place(stage, arm, at), why, redo)
        for stage in here:
            self._mark_one(Place(stage, arm, iteration), why, redo)
        self._mark_one(_RESULTS, f"{arm}: {why}", redo)
        self._tell(arm, f"{why}; redo in order: {redo}")

    def _unmarked_after(self, arm: str, iteration: int) -> Iterator[int]:
        for at in range(iteration + 1, self._declared.experiment.iterations + 1):
            event = self._newest(Place(PolicyStage.name, arm, at))
            if event is None or is_marked(event):
                return
            yield at

    def _mark_one(self, place: Place, why: str, redo: str) -> None:
        event = self._newest(place)
        if event is not None and not is_marked(event):
            versions = {DATA_VERSION_TAG: self._version, CODE_VERSION_TAG: MARK}
            told = {_WHY: why, "redo in order": redo, **event.metadata}
            self._log(_again(event, {**(event.tags or {}), **versions}, told))

    def _unmark(self, place: Place, here: "StageRun") -> None:
        """Report the event before the mark again, if it is of the present artifact."""
        name = here.reference(place.stage, place.iteration)
        newest, artifact = self._newest(place), here.workspace.store.intact_ref(name)
        if newest is None or artifact is None or not is_marked(newest):
            return
        records = self._instance.fetch_materializations(
            _events(self._declared.key(place.stage), _partition(place)),
            limit=_MOST_EVENTS,
        ).records
        for record in records:
            event = record.asset_materialization
            if event is not None and not is_marked(event):
                if (event.tags or {}).get(DATA_VERSION_TAG) == artifact.digest:
                    self._log(_again(event, event.tags or {}, event.metadata))
                return

    def _tell(self, arm: str, why: str | None) -> None:
        """Let the check say whether an arm is behind, where it says otherwise."""
        known = arms_behind(self._declared, self._instance)
        others = {name: text for name, text in known.items() if name != arm}
        if (why is not None) != (arm in known):
            self._log(evaluation(self._declared, others | ({arm: why} if why else {})))

    def _newest(self, place: Place) -> dg.AssetMaterialization | None:
        record = self._instance.get_latest_data_version_record(
            self._declared.key(place.stage), is_source=False, partition_key=_partition(place)
        )
        return None if record is None else record.asset_materialization


def is_behind(declared: Declared, instance: dg.DagsterInstance, arm: str, updates: int) -> bool:
    """Whether a policy, and so all later ones of its arm, is marked."""
    record = instance.get_latest_data_version_record(
        declared.key(PolicyStage.name), is_source=False, partition_key=partition_key(arm, updates)
    )
    event = None if record is None else record.asset_materialization
    return event is not None and is_marked(event)


def is_marked(event: dg.AssetMaterialization) -> bool:
    """Whether a materialization says that its artifact is behind."""
    return (event.tags or {}).get(CODE_VERSION_TAG) == MARK


def _names(run: "StageRun") -> list[str]:
    return [stage.name for stage in iteration_of(run.arm)]


def _partition(place: Place) -> dg.MultiPartitionKey | None:
    return partition_key(place.arm, place.iteration) if place.arm else None


def _events(key: dg.AssetKey, partition: dg.MultiPartitionKey | None) -> dg.AssetRecordsFilter:
    return dg.AssetRecordsFilter(key, None if partition is None else [partition])


def _reason(stage: str, iteration: int, changed: "Sequence[Setting]") -> str:
    from rlsd_pipeline.stages.upkeep.settings import settings_text

    return f"{stage} {iteration:03d} would be made again: {settings_text(changed)}"


def _policy_beside(workspace: "Workspace", role: str) -> "Artifact | None":
    """The present policy at the place of a score of the table."""
    place = role.rpartition("/")[0]
    return workspace.store.intact_ref(f"{workspace.name}/{place}/{PolicyStage.name}")


def _again(
    event: dg.AssetMaterialization, tags: Mapping[str, str], metadata: Mapping[str, Any]
) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        event.asset_key, partition=event.partition, tags=tags, metadata=metadata
    )
