"""Garbage collection: unreferenced artifacts, unfinished ones, and files that retention drops.

A reference reaches its artifact and all inputs of it, however far back, so everything that a kept
result depends on is kept. Nothing younger than a grace period is deleted. Finding an artifact
counts as using it, so a running job keeps the artifacts it works with.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rlsd_pipeline.artifacts.inventory import Inventory, StoredArtifact, read_refs
from rlsd_pipeline.artifacts.manifests import parse_collected
from rlsd_pipeline.artifacts.quarantine import QUARANTINE, set_aside_files
from rlsd_pipeline.artifacts.storage import STAGING, Storage, StoredFile, staged_folders
from rlsd_pipeline.artifacts.writer import COLLECTED, MANIFEST
from schemas.manifest import CollectedFiles

UNREACHABLE = "no reference reaches it"
INCOMPLETE = "never finished"
SUPERSEDED = "another result took its place"
STAGED = "left by a killed process"
UPLOAD = "upload never finished"
SET_ASIDE = "set aside by `rlsd doctor`"


class Drop(NamedTuple):
    """A file that is not to be kept of an artifact that is.

    Attributes:
        name: Its logical name.
        why: What it is, for the table.
        owner: The artifact that the file belongs to.
    """

    name: str
    why: str
    owner: str


class Removal(NamedTuple):
    """Files that go together.

    Attributes:
        why: Why they go.
        owner: The stage or the arm they belong to.
        folder: The artifact's folder, or the place of another thing.
        files: The files.
        names: Their logical names where the artifact itself stays; empty otherwise.
    """

    why: str
    owner: str
    folder: str
    files: Sequence[StoredFile]
    names: Sequence[str] = ()

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(file.size for file in self.files)


def reachable(inventory: Inventory, kept_with_inputs: Sequence[str] = ()) -> set[str]:
    """Folders of the artifacts that a reference reaches, directly or as an input.

    Args:
        inventory: What the store holds.
        kept_with_inputs: Stages without references, whose artifacts stay while all of their inputs
            do; `a` also names `a.b`.
    """
    by_digest: dict[str, list[str]] = {}
    for folder, artifact in inventory.artifacts.items():
        by_digest.setdefault(artifact.manifest.digest, []).append(folder)
    found: set[str] = set()
    pending = [folder for folder in inventory.refs.values() if folder in inventory.artifacts]
    while pending:
        folder = pending.pop()
        if folder in found:
            continue
        found.add(folder)
        for digest in inventory.artifacts[folder].manifest.inputs.values():
            pending += by_digest.get(digest, [])
    digests = {inventory.artifacts[folder].manifest.digest for folder in found}
    for folder, artifact in inventory.artifacts.items():
        manifest = artifact.manifest
        companion = manifest.stage.split(".")[0] in kept_with_inputs
        if companion and digests.issuperset(manifest.inputs.values()):
            found.add(folder)
    return found


def plan(
    storage: Storage,
    inventory: Inventory,
    drops: Mapping[str, Sequence[Drop]],
    before: float,
    kept_with_inputs: Sequence[str] = (),
) -> list[Removal]:
    """The files that may be deleted.

    Args:
        storage: The store's files.
        inventory: What they are.
        drops: Files that are not to be kept, by the folder of their artifact.
        before: Only what was written and last used before this time, seconds since the epoch.
        kept_with_inputs: See `reachable`.
    """
    kept = reachable(inventory, kept_with_inputs)
    removals: list[Removal] = []
    for folder, artifact in inventory.artifacts.items():
        stage, old = artifact.manifest.stage, artifact.used < before
        if folder not in kept:
            if old:
                removals.append(Removal(UNREACHABLE, stage, folder, list(artifact.files.values())))
            continue
        others = _old(artifact.superseded, before)
        if others:
            removals.append(Removal(SUPERSEDED, stage, folder, others))
        if old:
            removals += _dropped(artifact, drops.get(folder, ()))
    for folder, files in inventory.incomplete.items():
        # Another file of it may be on its way.
        if len(_old(files, before)) == len(files):
            removals.append(Removal(INCOMPLETE, folder.split("/")[0], folder, files))
    return removals + _unfinished(storage, before)


def dropped(inventory: Inventory, drops: Mapping[str, Sequence[Drop]]) -> list[Removal]:
    """The files that are not to be kept of artifacts that are, whatever their age."""
    return [
        removal
        for folder, files in drops.items()
        for removal in _dropped(inventory.artifacts[folder], files)
    ]


def collect(storage: Storage, removals: Iterable[Removal], before: float) -> int:
    """Delete the planned files, except those used or referenced since.

    Returns:
        Bytes that were freed.
    """
    referred = set(read_refs(storage).values())
    freed = 0
    for removal in removals:
        if removal.why == STAGED:
            shutil.rmtree(storage.workspace / removal.folder, ignore_errors=True)
        elif removal.why == UPLOAD:
            storage.abort_uploads([removal.folder], before)
        elif removal.why == SET_ASIDE:
            storage.remove(file.path for file in removal.files)
        elif not _still_garbage(storage, removal, referred, before):
            continue
        else:
            _delete(storage, removal)
        freed += removal.size
    return freed


def _dropped(artifact: StoredArtifact, drops: Sequence[Drop]) -> list[Removal]:
    removals: list[Removal] = []
    for why, owner in dict.fromkeys((drop.why, drop.owner) for drop in drops):
        names = [drop.name for drop in drops if (drop.why, drop.owner) == (why, owner)]
        there = artifact.named(names)
        if there:
            files = list(there.values())
            removals.append(Removal(why, owner, artifact.folder, files, list(there)))
    return removals


def _unfinished(storage: Storage, before: float) -> list[Removal]:
    staged = [
        Removal(STAGED, STAGING, f"{STAGING}/{folder.name}", _files(folder, touched))
        for folder, touched in staged_folders(storage.workspace)
        if touched < before
    ]
    uploads = [
        Removal(UPLOAD, upload.path.split("/")[0], upload.path, [upload])
        for upload in _old(storage.unfinished_uploads(), before)
    ]
    aside = [
        Removal(SET_ASIDE, QUARANTINE, folder, files)
        for folder, (moment, files) in set_aside_files(storage).items()
        if moment < before
    ]
    return staged + uploads + aside


def _files(folder: Path, touched: float) -> list[StoredFile]:
    return [StoredFile(file.name, file.stat().st_size, touched) for file in folder.iterdir()]


def _old(files: Iterable[StoredFile], before: float) -> list[StoredFile]:
    return [file for file in files if file.modified < before]


def _still_garbage(storage: Storage, removal: Removal, referred: set[str], before: float) -> bool:
    """Whether nothing has happened to a folder since it was listed."""
    if removal.why == UNREACHABLE and removal.folder in referred:
        return False
    now = {file.path: file for file in storage.listing(removal.folder)}
    if any(now[file.path].modified >= before for file in removal.files if file.path in now):
        return False
    manifest = now.get(f"{removal.folder}/{MANIFEST}")
    if removal.why == INCOMPLETE:
        return manifest is None
    return manifest is not None and (removal.why == SUPERSEDED or manifest.modified < before)


def _delete(storage: Storage, removal: Removal) -> None:
    if removal.names:
        # Recorded first: a file that is missing and not recorded is damage.
        _record(storage, removal)
    paths = [file.path for file in removal.files]
    manifest = f"{removal.folder}/{MANIFEST}"
    if manifest in paths:
        # Without the manifest there is no artifact, so no reader opens the files deleted next.
        storage.remove([manifest])
        paths.remove(manifest)
    storage.remove(paths)


def _record(storage: Storage, removal: Removal) -> None:
    path = f"{removal.folder}/{COLLECTED}"
    former = storage.read(path)
    files = {} if former is None else dict(parse_collected(former))
    files |= dict.fromkeys(removal.names, datetime.now(UTC))
    storage.publish_bytes(CollectedFiles(files=files).model_dump_json(indent=2).encode(), path)
