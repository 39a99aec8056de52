"""Compares Dagster's history with the store, and writes it again from the store.

The artifacts are the record; Dagster's history of them can be rebuilt.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import dagster as dg

from assets.behind import MARK, Marks
from assets.dagster_private import (
    CODE_VERSION_TAG,
    DATA_VERSION_TAG,
    DEFAULT_DATA_VERSION,
    NULL_EVENT_POINTER,
    extract_data_version_from_entry,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from assets.declared import Declared, artifact_metadata
from assets.home import dagster_home
from assets.partitions import partition_key, split_key
from assets.stages.shown import is_shown, recheck
from rlsd_pipeline.artifacts import Artifact, ArtifactStore
from rlsd_pipeline.errors import RlsdError
from rlsd_pipeline.stages.registry import stage_of

_EVENT = dg.DagsterEventType.ASSET_MATERIALIZATION


class Entry(NamedTuple):
    """One materialization that the store knows.

    Attributes:
        experiment: Name of the experiment.
        stage: The asset's stage, as `benchmark_scores.NAME`.
        partition: Arm and iteration; None of an asset without partitions.
        name: The reference.
    """

    experiment: str
    stage: str
    partition: dg.MultiPartitionKey | None
    name: str

    @property
    def key(self) -> dg.AssetKey:
        """The asset."""
        return dg.AssetKey([self.experiment, *self.stage.split(".", 1)])


class Difference(NamedTuple):
    """The differences between Dagster and the store for one asset.

    Attributes:
        key: The asset.
        unknown: Partitions that the store has and Dagster does not know.
        other: Partitions whose result in Dagster differs from the store's.
        gone: Partitions that Dagster knows and the store does not have.
    """

    key: dg.AssetKey
    unknown: list[str]
    other: list[str]
    gone: list[str]

    def __str__(self) -> str:
        parts = {
            "of the store unknown": self.unknown,
            "known with another result": self.other,
            "known that the store does not have": self.gone,
        }
        told = [
            f"{len(found)} {what} ({', '.join(found[:2])}{', …' if len(found) > 2 else ''})"
            for what, found in parts.items()
            if found
        ]
        return "; ".join(told)


def entries(names: Iterable[str]) -> Iterator[Entry]:
    """The references that are materializations of assets."""
    for name in names:
        match name.split("/"):
            case [experiment, stage]:
                partition = None
            case [experiment, arm, iteration, stage] if iteration.isdigit():
                partition = partition_key(arm, int(iteration))
            case _:
                continue
        if stage_of(stage) is not None and is_shown(stage):
            yield Entry(experiment, stage, partition, name)


def differences(
    instance: dg.DagsterInstance, store: ArtifactStore, names: Iterable[str]
) -> list[Difference]:
    """The assets of some references about which Dagster and the store disagree."""
    stored: dict[dg.AssetKey, dict[str, str]] = defaultdict(dict)
    for entry in entries(names):
        artifact = store.intact_ref(entry.name)
        if artifact is not None:
            stored[entry.key][str(entry.partition or "")] = artifact.digest
    found: list[Difference] = []
    for key, digests in stored.items():
        known = _known(instance, key)
        unknown = sorted(digests.keys() - known.keys())
        gone = sorted(known.keys() - digests.keys())
        other = sorted(
            k
            for k in digests.keys() & known.keys()
            if digests[k] != known[k] and not known[k].startswith(MARK)
        )
        if unknown or other or gone:
            found.append(Difference(key, unknown, other, gone))
    return found


def damaged_databases(folder: Path) -> dict[Path, str]:
    """Database file of a local instance -> what is wrong with it."""
    found: dict[Path, str] = {}
    for name in ("history/runs.db", "history/runs/index.db", "schedules/schedules.db"):
        path = folder / name
        if not path.exists():
            continue
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
                (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            answer = str(error)
        if answer != "ok":
            found[path] = answer.replace("\n", " ")
    return found


def set_history_aside(moment: datetime) -> Path | None:
    """Rename the local history, and the schedules' database where that is damaged as well.

    Returns:
        Where the history lies now; None where there was none.
    """
    folder, stamp = dagster_home(), moment.strftime("%Y%m%dT%H%M%SZ")
    damaged = {path.parent for path in damaged_databases(folder)}
    moved: Path | None = None
    for name in ("history", "schedules"):
        path = folder / name
        if path.exists() and (name == "history" or path in damaged):
            target = folder / f"{name}-set-aside-{stamp}"
            path.rename(target)
            moved = target if name == "history" else moved
    return moved


class Told(NamedTuple):
    """The counts of written events.

    Attributes:
        materializations: How many.
        checks: How many checks were done again on the artifacts.
    """

    materializations: int
    checks: int


def tell(
    instance: dg.DagsterInstance,
    store: ArtifactStore,
    declared: Mapping[str, Declared],
    names: Iterable[str],
    advance: Callable[[int], object],
) -> Told:
    """Write an event for every artifact that a reference names, in the order they were made.

    Args:
        instance: Where to.
        store: What there is.
        declared: The experiments whose YAML is here; of these the checks are done again.
        names: The references.
        advance: Told of each event.
    """
    found = [(entry, artifact) for entry in entries(names) if (artifact := store.ref(entry.name))]
    # A policy of iteration k + 1 is the artifact of checkpoint k, and is reported after it.
    found.sort(key=lambda pair: (pair[1].manifest.created_at, pair[0].stage == "policy"))
    checks, refused, inputs = 0, set[str](), _Inputs(instance)
    for entry, artifact in found:
        advance(1)
        if entry.stage == "policy" and artifact.digest in refused:
            # A checkpoint that fails its check is not published.
            continue
        experiment = declared.get(entry.experiment)
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                entry.key,
                partition=entry.partition,
                metadata={
                    **artifact_metadata(artifact),
                    "created_at": dg.MetadataValue.timestamp(
                        artifact.manifest.created_at.astimezone(UTC)
                    ),
                    "rebuilt": True,
                },
                tags=_tags(entry, artifact, experiment, inputs),
            )
        )
        inputs.forget(entry)
        results = [] if experiment is None else _check(instance, entry, artifact, experiment)
        if not all(result.passed for result in results):
            refused.add(artifact.digest)
        checks += len(results)
    for experiment in declared.values():
        _mark(instance, experiment)
    return Told(len(found), checks)


def _mark(instance: dg.DagsterInstance, declared: Declared) -> None:
    """Show what is behind; of an arm that cannot be read nothing is said."""
    marks = Marks(declared, instance, instance.report_runless_asset_event, "rebuilt")
    for arm in declared.experiment.lineages():
        with suppress(RlsdError):
            marks.look(arm)


def _check(
    instance: dg.DagsterInstance, entry: Entry, artifact: Artifact, declared: Declared
) -> list[dg.AssetCheckResult]:
    """Do the checks of a stage again; those that cannot be done are left out."""
    workspace = declared.workspace()
    try:
        run = workspace.whole()
        if entry.partition is not None:
            run = workspace.at(*split_key(str(entry.partition)))
        results = list(recheck(declared, entry.stage, artifact, run))
    except RlsdError:
        # What the check reads is gone, or the arm is no longer declared.
        return []
    for result in results:
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                check_name=result.check_name or "",
                passed=result.passed,
                metadata=result.metadata,
                asset_key=entry.key,
                description=result.description,
                blocking=True,
                partition=entry.partition,
            )
        )
    return results


class _Inputs:
    """The earlier events that an artifact was made from."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._newest: dict[tuple[dg.AssetKey, str | None], tuple[int, str] | None] = {}

    def pointer(self, key: dg.AssetKey, partition: str | None, digest: str) -> str:
        """Storage id of the event of what has a digest; none where another one is there."""
        place = key, partition
        if place not in self._newest:
            record = self._instance.get_latest_data_version_record(
                key, is_source=False, partition_key=partition
            )
            version = record and extract_data_version_from_entry(record.event_log_entry)
            self._newest[place] = (record.storage_id, version.value) if record and version else None
        known = self._newest[place]
        return str(known[0]) if known and known[1] == digest else NULL_EVENT_POINTER

    def forget(self, entry: Entry) -> None:
        """Forget the newest event of a place, after a newer one was written."""
        self._newest.pop((entry.key, entry.partition), None)


def _tags(
    entry: Entry, artifact: Artifact, declared: Declared | None, inputs: _Inputs
) -> dict[str, str]:
    """The tags by which Dagster decides whether the partition is stale."""
    tags = {DATA_VERSION_TAG: artifact.digest}
    read = {role: d for role, d in artifact.manifest.inputs.items() if is_shown(role)}
    stage = stage_of(entry.stage)
    if declared is not None and stage is not None:
        upstream = declared.stage(stage).upstream(declared.experiment)
        read = dict.fromkeys(upstream, DEFAULT_DATA_VERSION.value) | read
    for role, digest in read.items():
        key = dg.AssetKey([entry.experiment, *role.split(".", 1)])
        known = stage_of(role)
        whole = known is None or known.scope == "experiment"
        tags[get_input_data_version_tag(key)] = digest
        pointer = inputs.pointer(key, None if whole else entry.partition, digest)
        tags[get_input_event_pointer_tag(key)] = pointer
    if declared is not None and declared.made(entry.stage, artifact):
        tags[CODE_VERSION_TAG] = declared.version(entry.stage)
    return tags


def _known(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, str]:
    """The data version of every partition that Dagster knows; of "" without partitions."""
    log = instance.event_log_storage
    partitions = log.get_latest_tags_by_partition(
        key, _EVENT, [DATA_VERSION_TAG], asset_partitions=None
    )
    found = {name: tags.get(DATA_VERSION_TAG, "") for name, tags in partitions.items()}
    if not found:
        event = instance.get_latest_materialization_event(key)
        if event is not None and event.asset_materialization is not None:
            tags = event.asset_materialization.tags or {}
            found[event.asset_materialization.partition or ""] = tags.get(DATA_VERSION_TAG, "")
    return found
