"""The manifest of an artifact: its files, and all inputs that they were made from."""

from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, Field, FiniteFloat, JsonValue

from schemas.record import Contract, NonEmpty

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

_DIGEST = "5f2c8a0e9b1d4f67" * 4


class FileEntry(Contract):
    """One file of an artifact."""

    path: NonEmpty
    """Path relative to the manifest's folder; it contains the file's digest."""

    sha256: Sha256
    """SHA-256 of its bytes."""

    size: Annotated[int, Field(ge=0)]
    """Bytes."""

    record_version: Annotated[int, Field(ge=1)] | None = None
    """Schema version of the record in the file; null if it holds no record, and in manifests of
    version 1."""


class Manifest(Contract):
    """The manifest of an artifact, written last: without it there is no artifact.

    On disk it begins with a `checksum`, the SHA-256 of its fields as canonical JSON. Version 1 has
    no checksum, and no record versions of files.
    """

    schema_version: Annotated[int, Field(ge=1)] = 2
    """Version of this layout."""

    stage: NonEmpty
    """The stage that made the artifact."""

    fingerprint: Sha256
    """Digest of the request: stage, code version, config, inputs and seeds."""

    digest: Sha256
    """Digest of the files, without dates and durations."""

    code_version: str
    """Version of the stage's code."""

    config: dict[str, JsonValue]
    """The part of the experiment that the stage depends on."""

    inputs: dict[str, str]
    """Role -> digest of the input artifact."""

    files: dict[str, FileEntry]
    """Logical name -> file."""

    seeds: dict[str, int]
    """Purpose -> seed of a random generator."""

    libraries: dict[str, str]
    """Library -> version used."""

    measurements: dict[str, FiniteFloat]
    """Durations in seconds, rates and the like of the run that made the artifact."""

    created_at: AwareDatetime
    """When the artifact was completed."""

    example: ClassVar[dict[str, Any]] = {
        "stage": "rollouts",
        "fingerprint": _DIGEST,
        "digest": _DIGEST,
        "code_version": "1",
        "config": {"group_size": 8, "temperature": 1.0},
        "inputs": {"problems": _DIGEST, "policy": _DIGEST},
        "files": {
            "rollout.parquet": {
                "path": "rollout-5f2c8a0e9b1d4f67.parquet",
                "sha256": _DIGEST,
                "size": 4096,
            }
        },
        "seeds": {"sampling": 0},
        "libraries": {"pyarrow": "26.0.1"},
        "measurements": {"seconds": 12.5},
        "created_at": "2026-01-31T12:00:00Z",
    }


class Reference(Contract):
    """A name in the store that leads to its present artifact; the only file that changes.

    On disk it has a `checksum`, as a manifest has. Version 1 has neither checksum nor name, and
    version 2 has no former fingerprints.
    """

    schema_version: Annotated[int, Field(ge=1)] = 3
    """Version of this layout."""

    name: NonEmpty | None = None
    """The name itself, which reveals a file that was copied to another place."""

    stage: NonEmpty
    """The stage that made the artifact."""

    fingerprint: Sha256
    """The artifact's fingerprint."""

    former: Annotated[tuple[Sha256, ...], Field(strict=False)] = ()
    """Fingerprints of earlier artifacts of this name, the latest first; garbage collection may have
    deleted them."""

    example: ClassVar[dict[str, Any]] = {
        "name": "easy_vqa/rlsd-s0/003/policy",
        "stage": "policy_checkpoint",
        "fingerprint": _DIGEST,
        "former": [],
    }


class CollectedFiles(Contract):
    """Files of an artifact that garbage collection deleted; its manifest still names them."""

    files: dict[str, AwareDatetime]
    """Logical name -> time of deletion."""

    example: ClassVar[dict[str, Any]] = {"files": {"optimizer.safetensors": "2026-02-28T12:00:00Z"}}
