"""Reads manifests and the records beside them, and checks them against the folder."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from pydantic import ValidationError

from rlsd_pipeline.artifacts.fingerprint import content_digest, fingerprint
from rlsd_pipeline.artifacts.sealed import PRODUCT, Kind, damaged, parse, unseal
from rlsd_pipeline.artifacts.writer import MANIFEST, stored_name
from schemas.manifest import CollectedFiles, Manifest

_LIBRARIES = ("numpy", "pyarrow", "pydantic", "torch", "transformers", PRODUCT)

_KIND = Kind(
    Manifest,
    "manifest",
    2,
    "`rlsd doctor --mend` sets the artifact aside, or delete its folder and run the stage again: "
    "both make it anew",
)


def parse_manifest(content: bytes, folder: str) -> Manifest:
    """Read a manifest, and check it for contradictions and against its folder.

    Args:
        content: Its bytes.
        folder: Where it lies; ends with stage, two digits and fingerprint.

    Raises:
        DamagedError: The file is no manifest, or that of another folder; says where it lies.
        VersionError: A later version wrote it.
    """
    place = f"{folder}/{MANIFEST}"
    manifest = parse(_KIND, Manifest, unseal(_KIND, content, place), place)
    fault = _fault(manifest, *folder.rstrip("/").split("/")[-3::2])
    if fault is not None:
        raise damaged(_KIND, place, fault)
    return manifest


def _fault(manifest: Manifest, stage: str, folder: str) -> str | None:
    """A contradiction within a manifest, or None."""
    went_in = fingerprint(
        manifest.stage, manifest.code_version, manifest.config, manifest.inputs, manifest.seeds
    )
    if (manifest.stage, manifest.fingerprint) != (stage, folder):
        return f"it is that of {manifest.stage} {manifest.fingerprint[:12]}, not of this folder"
    if went_in != manifest.fingerprint:
        return "stage, code version, config, inputs and seeds do not give its fingerprint"
    if content_digest({name: each.sha256 for name, each in manifest.files.items()}) != (
        manifest.digest
    ):
        return "the digests of its files do not give its digest"
    for name, entry in manifest.files.items():
        if entry.path != stored_name(name, entry.sha256):
            return f"the file {name} would not be kept as {entry.path}"
    return None


def parse_collected(content: bytes) -> Mapping[str, datetime]:
    """Deleted file -> time; a broken record is empty, and the artifact is made again."""
    try:
        return CollectedFiles.model_validate_json(content).files
    except ValidationError:
        return {}


def absent_files(manifest: Manifest, sizes: Mapping[str, int]) -> set[str]:
    """Logical names of the files that a folder does not hold whole, given sizes by path."""
    return {name for name, entry in manifest.files.items() if sizes.get(entry.path) != entry.size}


@cache
def library_versions() -> dict[str, str]:
    """Versions of the libraries that take part in making an artifact."""
    versions: dict[str, str] = {}
    for library in _LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    return versions
