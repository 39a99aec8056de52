"""Manifests and the records beside them, read and held against what a folder holds."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from pydantic import ValidationError

from rlsd_pipeline.artifacts.writer import MANIFEST
from rlsd_pipeline.errors import ArtifactError
from schemas.manifest import CollectedFiles, Manifest

_LIBRARIES = ("numpy", "pyarrow", "pydantic", "torch", "transformers")


def parse_manifest(content: bytes, folder: str) -> Manifest:
    """Read a manifest.

    Raises:
        ArtifactError: It is none; names its folder.
    """
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise ArtifactError(
            f"{folder}/{MANIFEST} is no manifest: {error}; "
            "delete its folder and run the stage again to recreate it"
        ) from error


def parse_collected(content: bytes) -> Mapping[str, datetime]:
    """What a record of deleted files says; a broken one says nothing, and the artifact is made."""
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
