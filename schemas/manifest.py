"""The manifest of an artifact: its files, and all inputs that they were made from."""

from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, Field, FiniteFloat, JsonValue

from schemas.record import Contract, NonEmpty

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

_DIGEST = "5f2c8a0e9b1d4f67" * 4


class FileEntry(Contract):
    """One file of an artifact."""

    path: NonEmpty
    """Where it lies, relative to the folder of the manifest; bears the file's own digest."""

    sha256: Sha256
    """SHA-256 of its bytes."""

    size: Annotated[int, Field(ge=0)]
    """Bytes."""

    record_version: Annotated[int, Field(ge=1)] | None = None
    """Schema version of the record that it holds; null where it holds none, and where a manifest of
    version 1 does not say."""


class Manifest(Contract):
    """The last file of an artifact to be written: without it there is no artifact.

    On disk a `checksum` stands before its fields: the SHA-256 of the fields as canonical JSON.
    Version 1 has no checksum, and does not say which version of a record a file holds.
    """

    schema_version: Annotated[int, Field(ge=1)] = 2
    """Version of this layout."""

    stage: NonEmpty
    """The stage that made the artifact."""

    fingerprint: Sha256
    """Digest of what went in: stage, code version, config, inputs and seeds."""

    digest: Sha256
    """Digest of what came out: the files, and neither dates nor durations."""

    code_version: str
    """Version of the stage's code."""

    config: dict[str, JsonValue]
    """The part of the experiment the stage depends on."""

    inputs: dict[str, str]
    """Digest of each artifact that was read, by the name of its role."""

    files: dict[str, FileEntry]
    """The files by their logical names."""

    seeds: dict[str, int]
    """Seeds of the random generators, by purpose."""

    libraries: dict[str, str]
    """Versions of the libraries that took part."""

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
    """The only name of an artifact that may come to mean another one.

    On disk it has a `checksum`, as a manifest has. Version 1 has neither checksum nor name, version
    2 does not say what the name meant before.
    """

    schema_version: Annotated[int, Field(ge=1)] = 3
    """Version of this layout."""

    name: NonEmpty | None = None
    """The name itself, so that a file that was copied to another place is found out."""

    stage: NonEmpty
    """The stage that made the artifact."""

    fingerprint: Sha256
    """The artifact's fingerprint."""

    former: Annotated[tuple[Sha256, ...], Field(strict=False)] = ()
    """Fingerprints of the stage's artifacts that the name meant before, the latest first; garbage
    collection may have deleted them."""

    example: ClassVar[dict[str, Any]] = {
        "name": "easy_vqa/rlsd-s0/003/policy",
        "stage": "policy_checkpoint",
        "fingerprint": _DIGEST,
        "former": [],
    }


class CollectedFiles(Contract):
    """Files of an artifact that were deleted to save room; its manifest still names them."""

    files: dict[str, AwareDatetime]
    """Logical name of each, and when it was deleted."""

    example: ClassVar[dict[str, Any]] = {"files": {"optimizer.safetensors": "2026-02-28T12:00:00Z"}}
