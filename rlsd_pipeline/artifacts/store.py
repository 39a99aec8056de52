"""The store: asks for an artifact by what it is made from, and makes it at most once."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import JsonValue, ValidationError
from pydantic.dataclasses import dataclass

from rlsd_pipeline.artifacts.artifact import Artifact, artifact_folder
from rlsd_pipeline.artifacts.fingerprint import content_digest, file_sha256, fingerprint
from rlsd_pipeline.artifacts.storage import Storage
from rlsd_pipeline.artifacts.writer import MANIFEST, ArtifactWriter
from rlsd_pipeline.errors import ArtifactError
from schemas.manifest import FileEntry, Manifest

_REFS = ".refs"
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=-]*")
_LIBRARIES = ("numpy", "pyarrow", "pydantic", "torch", "transformers")


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


class ArtifactStore:
    """Artifacts below one URL: a local folder, `memory://`, `s3://`, `gs://` and the like."""

    def __init__(self, url: str | Path, *, cache: Path | None = None):
        """Open a store, which need not exist yet.

        Args:
            url: Where it lies.
            cache: Local folder for copies of remote files; by default one below the user's home.
        """
        self._storage = Storage(url, cache)

    @property
    def url(self) -> str:
        """Where it lies; another process that opens it sees the same artifacts."""
        return self._storage.url

    def find(self, stage: str, fingerprint: str) -> Artifact | None:
        """The artifact with this fingerprint; None where it is absent or incomplete."""
        folder = artifact_folder(_checked(stage), fingerprint)
        content = self._storage.read(f"{folder}/{MANIFEST}")
        if content is None:
            return None
        try:
            manifest = Manifest.model_validate_json(content)
        except ValidationError as error:
            raise ArtifactError(
                f"{self._storage.locate(folder)}/{MANIFEST} is no manifest: {error}; "
                "delete its folder and run the stage again to recreate it"
            ) from error
        for entry in manifest.files.values():
            if self._storage.size(f"{folder}/{entry.path}") != entry.size:
                return None
        return Artifact(manifest, self._storage, cache_hit=True)

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
        found = self.find(request.stage, request.fingerprint)
        if found is not None and not recompute:
            return found
        with self._storage.staging() as directory:
            started = time.perf_counter()
            writer = ArtifactWriter(directory)
            write(writer)
            writer.measurements.setdefault("seconds", time.perf_counter() - started)
            manifest = self._commit(request, writer)
        replaced = found.digest if found is not None and found.digest != manifest.digest else None
        return Artifact(manifest, self._storage, cache_hit=False, replaced=replaced)

    def set_ref(self, name: str, artifact: Artifact) -> None:
        """Let a name point to an artifact; whatever it pointed to before is forgotten."""
        ref = {"stage": artifact.stage, "fingerprint": artifact.fingerprint}
        self._storage.publish_bytes(json.dumps(ref).encode(), _ref_path(name))

    def ref(self, name: str) -> Artifact | None:
        """The artifact a name points to; None without the name or without the artifact."""
        content = self._storage.read(_ref_path(name))
        return None if content is None else self.find(**json.loads(content))

    def refs(self, prefix: str = "") -> Iterator[str]:
        """The names that begin with a prefix, in order."""
        for path in self._storage.files(_REFS):
            if path.startswith(prefix):
                yield path.removesuffix(".json")

    def _commit(self, request: ArtifactRequest, writer: ArtifactWriter) -> Manifest:
        folder = artifact_folder(request.stage, request.fingerprint)
        files: dict[str, FileEntry] = {}
        for staged in writer.files():
            sha256, size = file_sha256(staged), staged.stat().st_size
            # With its digest in its name, a file never meets another one of the same name:
            # two processes may commit the same artifact at once.
            path = f"{staged.stem}-{sha256[:16]}{staged.suffix}"
            self._storage.publish(staged, f"{folder}/{path}")
            files[staged.name] = FileEntry(path=path, sha256=sha256, size=size)
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
            libraries=_library_versions(),
            measurements=writer.measurements,
            created_at=datetime.now(UTC),
        )
        content = manifest.model_dump_json(indent=2).encode()
        self._storage.publish_bytes(content, f"{folder}/{MANIFEST}")
        return manifest


@cache
def _library_versions() -> dict[str, str]:
    versions: dict[str, str] = {}
    for library in _LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    return versions


def _checked(segment: str) -> str:
    if not _SEGMENT.fullmatch(segment):
        raise ArtifactError(f"{segment!r} cannot be part of a name; use letters, digits and ._=-")
    return segment


def _ref_path(name: str) -> str:
    return f"{_REFS}/{'/'.join(map(_checked, name.split('/')))}.json"
