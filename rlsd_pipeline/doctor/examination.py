"""The examination of a store: all findings, in order."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.artifacts.garbage import reachable
from rlsd_pipeline.artifacts.inventory import StoredArtifact, Survey
from rlsd_pipeline.doctor.damage import damaged_files, damaged_manifests
from rlsd_pipeline.doctor.finding import Finding
from rlsd_pipeline.doctor.notes import leftovers, lost_inputs
from rlsd_pipeline.doctor.references import damaged_references


def chosen(found: Survey, experiment: str | None) -> list[StoredArtifact]:
    """The artifacts to look at: all, or those that a name of an experiment reaches."""
    if experiment is None:
        return list(found.inventory.artifacts.values())
    refs = found.inventory.refs
    own = {name: folder for name, folder in refs.items() if name.startswith(f"{experiment}/")}
    folders = reachable(replace(found.inventory, refs=own))
    return [found.inventory.artifacts[folder] for folder in sorted(folders)]


def examine(
    store: ArtifactStore,
    found: Survey,
    artifacts: Iterable[StoredArtifact],
    moment: datetime,
    *,
    experiment: str | None = None,
    read: Callable[[int], object] | None = None,
) -> list[Finding]:
    """Find all damage, in the order in which it is repaired.

    Args:
        store: The store.
        found: What it holds.
        artifacts: Those of it to look at.
        moment: Names what is set aside.
        experiment: Only names of this one.
        read: Told the bytes of every file that has been read; None to read none.
    """
    several = list(artifacts)
    manifests = list(damaged_manifests(store.storage, found, moment))
    files = list(damaged_files(store.storage, several, moment, read))
    # Of an artifact that is only of another version, nothing is lost.
    broken = set(found.manifests) | {each.place for each in files if each.mend is not None}
    prefix = "" if experiment is None else f"{experiment}/"
    references = damaged_references(store, found, broken, prefix, moment)
    notes = [*lost_inputs(several, found.inventory), *leftovers(store.storage, found.inventory)]
    return [*manifests, *files, *references, *notes]
