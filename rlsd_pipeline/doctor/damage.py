"""Finds damaged artifacts: manifests, files, and records of other versions."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial

import schemas
from rlsd_pipeline.artifacts.artifact import Artifact, file_name
from rlsd_pipeline.artifacts.inventory import StoredArtifact, Survey
from rlsd_pipeline.artifacts.manifests import absent_files, parse_collected
from rlsd_pipeline.artifacts.quarantine import set_aside
from rlsd_pipeline.artifacts.sealed import PRODUCT
from rlsd_pipeline.artifacts.storage import Storage
from rlsd_pipeline.artifacts.versions import check_table, require_version
from rlsd_pipeline.artifacts.writer import COLLECTED, MANIFEST
from rlsd_pipeline.doctor.finding import Finding
from rlsd_pipeline.errors import ArtifactError, DamagedError, VersionError
from schemas.record import Record

ANEW = "set aside; the next run of its stage makes it anew"
NEWER = "use the version that wrote it"

_RECORDS = [
    record
    for record in (getattr(schemas, name) for name in schemas.__all__)
    if isinstance(record, type) and issubclass(record, Record)
]
_DOCUMENTS = {file_name(record, ".json"): record for record in _RECORDS}
_TABLES = {file_name(record, ".parquet"): record for record in _RECORDS}


def damaged_manifests(storage: Storage, found: Survey, moment: datetime) -> Iterator[Finding]:
    """Artifacts whose manifest is damaged: what else is in their folder is then not known.

    Args:
        storage: The store's files.
        found: What it holds.
        moment: Names what is set aside.
    """
    for folder, error in found.manifests.items():
        place = f"{folder}/{MANIFEST}"
        if isinstance(error, DamagedError):
            paths = [place, *(file.path for file in found.files[folder] if file.path != place)]
            mend = partial(set_aside, storage, paths, moment)
            yield Finding("manifest", place, error.fault, ANEW, mend)
        else:
            yield Finding("manifest", place, str(error), NEWER)


def damaged_files(
    storage: Storage,
    artifacts: Iterable[StoredArtifact],
    moment: datetime,
    read: Callable[[int], object] | None,
) -> Iterator[Finding]:
    """Files that are missing, that hold other bytes, or whose records cannot be read here.

    An artifact is one finding, whatever number of its files is damaged.

    Args:
        storage: The store's files.
        artifacts: The artifacts to look at.
        moment: Names what is set aside.
        read: Told the bytes of every file that has been read; None to read none, and to go by
            names and sizes.
    """
    for artifact in artifacts:
        faults = [
            *_missing(storage, artifact),
            *([] if read is None else _other_bytes(storage, artifact, read)),
        ]
        paths = [f"{artifact.folder}/{name}" for name in (MANIFEST, *artifact.files)]
        mend = partial(set_aside, storage, list(dict.fromkeys(paths)), moment)
        if faults:
            yield Finding("file", artifact.folder, "; ".join(faults), ANEW, mend)
            continue
        error = None if read is None else _unreadable(storage, artifact)
        if error is not None:
            written_later = isinstance(error, VersionError) and "reads up to version" in str(error)
            remedy, mending = (NEWER, None) if written_later else (ANEW, mend)
            yield Finding("record", artifact.folder, str(error), remedy, mending)


def _missing(storage: Storage, artifact: StoredArtifact) -> list[str]:
    sizes = {path: file.size for path, file in artifact.files.items()}
    absent = absent_files(artifact.manifest, sizes) - _collected(storage, artifact).keys()
    entries = artifact.manifest.files
    return [
        f"{name} has {sizes[entries[name].path]:,} of {entries[name].size:,} bytes"
        if entries[name].path in sizes
        else f"{name} is missing"
        for name in sorted(absent)
    ]


def _collected(storage: Storage, artifact: StoredArtifact) -> Mapping[str, object]:
    record = None
    if COLLECTED in artifact.files:
        record = storage.read(f"{artifact.folder}/{COLLECTED}")
    return {} if record is None else parse_collected(record)


def _other_bytes(
    storage: Storage, artifact: StoredArtifact, read: Callable[[int], object]
) -> Iterator[str]:
    for name, entry in artifact.manifest.files.items():
        file = artifact.files.get(entry.path)
        if file is None or file.size != entry.size:
            continue
        found = storage.digest(f"{artifact.folder}/{entry.path}")
        read(file.size)
        if found is not None and found != entry.sha256:
            yield f"{name} has SHA-256 {found[:12]}, not {entry.sha256[:12]}"


def _unreadable(storage: Storage, stored: StoredArtifact) -> ArtifactError | None:
    """The error in reading the records of an artifact whose bytes are sound, or None."""
    artifact = Artifact(stored.manifest, storage, cache_hit=True)
    writer = stored.manifest.libraries.get(PRODUCT)
    try:
        for name, entry in stored.manifest.files.items():
            if entry.path not in stored.files:
                continue
            place = f"{name} of {artifact.stage} {artifact.digest[:12]}"
            if name in _DOCUMENTS:
                artifact.record(_DOCUMENTS[name])
            elif name in _TABLES and entry.record_version is not None:
                require_version(_TABLES[name], entry.record_version, place, writer)
            elif name in _TABLES:
                check_table(_TABLES[name], artifact.local_path(name), place, writer)
    except ArtifactError as error:
        return error
    return None
