"""The inventory of a store, from one listing and the small files that it names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rlsd_pipeline.artifacts.artifact import artifact_folder
from rlsd_pipeline.artifacts.manifests import parse_manifest
from rlsd_pipeline.artifacts.references import REFS, parse_reference, ref_name
from rlsd_pipeline.artifacts.storage import Storage, StoredFile
from rlsd_pipeline.artifacts.writer import MANIFEST, RESERVED
from rlsd_pipeline.errors import ArtifactError
from schemas.manifest import Manifest


class StoredArtifact(NamedTuple):
    """An artifact and what its folder holds.

    Attributes:
        folder: Where it lies.
        manifest: What it is.
        files: Everything in the folder, by path within it.
    """

    folder: str
    manifest: Manifest
    files: Mapping[str, StoredFile]

    @property
    def used(self) -> float:
        """When it was written or last counted as used, seconds since the epoch."""
        return self.files[MANIFEST].modified

    def named(self, names: Iterable[str]) -> dict[str, StoredFile]:
        """Logical name -> file, for its existing files."""
        entries = ((name, self.manifest.files.get(name)) for name in names)
        paths = {name: entry.path for name, entry in entries if entry is not None}
        return {name: self.files[path] for name, path in paths.items() if path in self.files}

    @property
    def superseded(self) -> list[StoredFile]:
        """Files that the manifest does not name: another result has taken their place."""
        named = {entry.path for entry in self.manifest.files.values()}
        return [f for path, f in self.files.items() if path not in named and path not in RESERVED]


@dataclass(frozen=True)
class Inventory:
    """The content of a store when it was listed.

    Attributes:
        artifacts: Complete artifacts by folder.
        incomplete: Files of folders without a manifest, by folder.
        refs: Folder that each reference points to, whether or not something is there.
    """

    artifacts: Mapping[str, StoredArtifact]
    incomplete: Mapping[str, list[StoredFile]]
    refs: Mapping[str, str]

    @property
    def size(self) -> int:
        """Bytes of all artifacts, complete or not."""
        whole = (file for artifact in self.artifacts.values() for file in artifact.files.values())
        return sum(file.size for file in whole) + sum(
            file.size for files in self.incomplete.values() for file in files
        )


class Survey(NamedTuple):
    """An inventory, and what is no part of it because it is damaged.

    Attributes:
        inventory: What is sound, as far as the small files tell.
        manifests: What is wrong with a manifest, by its folder.
        references: What is wrong with a reference, by its name.
        files: Files of the folders whose manifest is damaged, by folder.
    """

    inventory: Inventory
    manifests: Mapping[str, ArtifactError]
    references: Mapping[str, ArtifactError]
    files: Mapping[str, list[StoredFile]]


def take_inventory(storage: Storage) -> Inventory:
    """List a store.

    Raises:
        ArtifactError: A manifest or a reference is damaged, so dependencies are not known.
    """
    found = survey(storage)
    for error in (*found.manifests.values(), *found.references.values()):
        raise error
    return found.inventory


def survey(storage: Storage) -> Survey:
    """List a store, whatever state it is in."""
    folders: dict[str, dict[str, StoredFile]] = {}
    for file in storage.listing(""):
        parts = file.path.split("/")
        if len(parts) == 4 and not parts[0].startswith("."):
            folders.setdefault("/".join(parts[:3]), {})[parts[3]] = file
    complete = {folder: f"{folder}/{MANIFEST}" for folder in folders if MANIFEST in folders[folder]}
    contents = storage.read_many(complete.values())
    artifacts: dict[str, StoredArtifact] = {}
    damaged: dict[str, ArtifactError] = {}
    for folder, path in complete.items():
        if path not in contents:
            continue  # Deleted while we looked.
        try:
            manifest = parse_manifest(contents[path], storage.locate(folder))
        except ArtifactError as error:
            damaged[folder] = error
        else:
            artifacts[folder] = StoredArtifact(folder, manifest, folders[folder])
    incomplete = {
        folder: list(files.values()) for folder, files in folders.items() if folder not in complete
    }
    refs, lost = _references(storage)
    files = {folder: list(folders[folder].values()) for folder in damaged}
    return Survey(Inventory(artifacts, incomplete, refs), damaged, lost, files)


def read_refs(storage: Storage) -> dict[str, str]:
    """The folder that each reference points to.

    Raises:
        ArtifactError: A reference is damaged.
    """
    refs, damaged = _references(storage)
    for error in damaged.values():
        raise error
    return refs


def _references(storage: Storage) -> tuple[dict[str, str], dict[str, ArtifactError]]:
    """The folder that each sound reference points to, and what is wrong with the others."""
    contents = storage.read_many(file.path for file in storage.listing(REFS))
    refs: dict[str, str] = {}
    damaged: dict[str, ArtifactError] = {}
    for path, content in contents.items():
        name = ref_name(path)
        try:
            reference = parse_reference(content, name, storage.locate(path))
        except ArtifactError as error:
            damaged[name] = error
        else:
            refs[name] = artifact_folder(reference.stage, reference.fingerprint)
    return refs, damaged
