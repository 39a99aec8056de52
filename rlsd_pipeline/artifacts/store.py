"""The artifact store: finds an artifact by its fingerprint, and makes it at most once."""

import posixpath
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue
from pydantic.dataclasses import dataclass

from rlsd_pipeline.artifacts.artifact import Artifact, artifact_folder
from rlsd_pipeline.artifacts.cache import FileCache
from rlsd_pipeline.artifacts.fingerprint import content_digest, file_sha256, fingerprint
from rlsd_pipeline.artifacts.manifests import (
    absent_files,
    library_versions,
    parse_collected,
    parse_manifest,
)
from rlsd_pipeline.artifacts.opening import open_storage
from rlsd_pipeline.artifacts.references import (
    REFS,
    checked_segment,
    following,
    parse_reference,
    ref_name,
    ref_path,
)
from rlsd_pipeline.artifacts.sealed import seal
from rlsd_pipeline.artifacts.storage import Storage
from rlsd_pipeline.artifacts.writer import COLLECTED, MANIFEST, ArtifactWriter, stored_name
from rlsd_pipeline.errors import ArtifactError, DamagedError
from schemas.manifest import FileEntry, Manifest, Reference

_FRESH_SECONDS = 30 * 60
"""An artifact that is found and was not written or found for so long counts as used from now on:
garbage collection spares what was used lately, and must not take it from under a run."""


@dataclass(frozen=True)
class ArtifactRequest:
    """Everything the result of a stage may depend on; validated before any work is done.

    Attributes:
        stage: Name of the stage.
        code_version: Version of its code; raised when the same inputs give another result.
        config: The part of the experiment it depends on, as plain JSON values.
        inputs: Digest of each artifact it reads, by the name of its role.
        seeds: Seeds of its random generators, by purpose.
    """

    stage: str
    code_version: str
    config: dict[str, JsonValue]
    inputs: Mapping[str, str] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Digest of all of it."""
        return fingerprint(self.stage, self.code_version, self.config, self.inputs, self.seeds)


class _Found(NamedTuple):
    """An artifact in the store.

    Attributes:
        artifact: The artifact.
        folder: Where it lies.
        used: When it was written or last counted as used, seconds since the epoch.
    """

    artifact: Artifact
    folder: str
    used: float


class ArtifactStore:
    """Artifacts below one URL: a local folder, `memory://`, `s3://`, `gs://` and the like."""

    def __init__(self, url: str | Path, *, cache: FileCache | Path | None = None):
        """Open a store, which need not exist yet.

        Args:
            url: Where it lies.
            cache: Copies of remote files, or the local folder for them; by default one below the
                user's home.

        Raises:
            ConfigError: The URL names no store, or the package that would reach it is missing.
        """
        if not isinstance(cache, FileCache):
            cache = FileCache() if cache is None else FileCache(cache)
        self._storage = open_storage(url, cache)

    @property
    def storage(self) -> Storage:
        """The files."""
        return self._storage

    @property
    def url(self) -> str:
        """The URL of the store; another process that opens it sees the same artifacts."""
        return self._storage.url

    def find(self, stage: str, fingerprint: str) -> Artifact | None:
        """The artifact with this fingerprint; None where it is absent or incomplete."""
        found = self._find(stage, fingerprint)
        return None if found is None else found.artifact

    def produce(
        self,
        request: ArtifactRequest,
        write: Callable[[ArtifactWriter], object],
        *,
        recompute: bool = False,
    ) -> Artifact:
        """The artifact of a request: the one in the store, or else a new one.

        Args:
            request: What the artifact is made from.
            write: Computes and writes it; is not called where the store already has it.
            recompute: Call it all the same; a different result takes the former one's place.
        """
        found = self._find(request.stage, request.fingerprint)
        if found is not None and not recompute:
            if found.used < time.time() - _FRESH_SECONDS:
                self._storage.freshen(f"{found.folder}/{MANIFEST}")
            return found.artifact
        self._storage.require_writable()
        with self._storage.staging() as directory:
            started = time.perf_counter()
            writer = ArtifactWriter(directory)
            write(writer)
            writer.measurements.setdefault("seconds", time.perf_counter() - started)
            manifest = self._commit(request, writer)
            writer.kept(manifest.digest)
        if found is None:
            return Artifact(manifest, self._storage, cache_hit=False)
        if found.artifact.collected:
            self._storage.remove([f"{found.folder}/{COLLECTED}"])
        former = found.artifact.digest
        replaced = former if former != manifest.digest else None
        return Artifact(manifest, self._storage, cache_hit=False, replaced=replaced)

    def set_ref(self, name: str, artifact: Artifact) -> None:
        """Let a name point to an artifact, and remember what it pointed to before."""
        try:
            before = self._reference(name)
        except DamagedError:
            before = None
        reference = following(before, name, artifact.stage, artifact.fingerprint)
        if reference != before:
            self._storage.publish_bytes(seal(reference), ref_path(name))

    def ref(self, name: str) -> Artifact | None:
        """The artifact a name points to; None without the name or without the artifact.

        Raises:
            DamagedError: The file of the name is none, or is that of another name; or the
                artifact's manifest is damaged.
            VersionError: A later version wrote one of them.
        """
        reference = self._reference(name)
        return None if reference is None else self.find(reference.stage, reference.fingerprint)

    def former(self, name: str) -> Iterator[Artifact]:
        """The earlier artifacts of a name that still exist, the latest first.

        Raises:
            DamagedError: The file of the name is no reference, or a manifest is damaged.
            VersionError: A later version wrote one of them.
        """
        reference = self._reference(name)
        if reference is not None:
            for fingerprint in reference.former:
                if (found := self.find(reference.stage, fingerprint)) is not None:
                    yield found

    def intact_ref(self, name: str) -> Artifact | None:
        """Like `ref`, but a damaged artifact counts as absent."""
        try:
            return self.ref(name)
        except DamagedError:
            return None

    def refs(self, prefix: str = "") -> Iterator[str]:
        """The names that begin with a prefix, in order."""
        for file in self._storage.listing(posixpath.join(REFS, posixpath.dirname(prefix))):
            name = ref_name(file.path)
            if name.startswith(prefix):
                yield name

    def _reference(self, name: str) -> Reference | None:
        path = ref_path(name)
        content = self._storage.read(path)
        return (
            None if content is None else parse_reference(content, name, self._storage.locate(path))
        )

    def _find(self, stage: str, fingerprint: str) -> _Found | None:
        folder = artifact_folder(checked_segment(stage), fingerprint)
        content = self._storage.read(f"{folder}/{MANIFEST}")
        if content is None:
            return None
        manifest = parse_manifest(content, self._storage.locate(folder))
        listed = self._storage.listing(folder)
        there = {file.path.removeprefix(f"{folder}/"): file for file in listed}
        missing = absent_files(manifest, {path: file.size for path, file in there.items()})
        collected: Mapping[str, datetime] = {}
        if missing and COLLECTED in there:
            record = self._storage.read(f"{folder}/{COLLECTED}")
            collected = {} if record is None else parse_collected(record)
        if MANIFEST not in there or not missing <= collected.keys():
            return None
        collected = {name: collected[name] for name in sorted(missing)}
        artifact = Artifact(manifest, self._storage, cache_hit=True, collected=collected)
        return _Found(artifact, folder, there[MANIFEST].modified)

    def _commit(self, request: ArtifactRequest, writer: ArtifactWriter) -> Manifest:
        folder = artifact_folder(request.stage, request.fingerprint)
        files: dict[str, FileEntry] = {}
        for staged in writer.files():
            sha256, size = file_sha256(staged), staged.stat().st_size
            path, version = stored_name(staged.name, sha256), writer.record_version(staged.name)
            self._storage.publish(staged, f"{folder}/{path}", sha256)
            files[staged.name] = FileEntry(
                path=path, sha256=sha256, size=size, record_version=version
            )
        if not files:
            raise ArtifactError(f"the stage {request.stage!r} wrote no file; write at least one")
        manifest = Manifest(
            stage=request.stage,
            fingerprint=request.fingerprint,
            digest=content_digest({name: entry.sha256 for name, entry in files.items()}),
            code_version=request.code_version,
            config=request.config,
            inputs=dict(request.inputs),
            files=files,
            seeds=dict(request.seeds),
            libraries=library_versions(),
            measurements=writer.measurements,
            created_at=datetime.now(UTC),
        )
        self._storage.publish_bytes(seal(manifest), f"{folder}/{MANIFEST}")
        return manifest
