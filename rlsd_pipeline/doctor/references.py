"""Finds references that are damaged, that lead nowhere, or that lead to a wrong artifact."""

from collections.abc import Callable, Iterator, Set
from datetime import datetime
from functools import partial

from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.artifacts.inventory import Survey
from rlsd_pipeline.artifacts.quarantine import set_aside
from rlsd_pipeline.artifacts.references import ref_path
from rlsd_pipeline.doctor.finding import Finding
from rlsd_pipeline.doctor.lineage import Lineage
from rlsd_pipeline.errors import DamagedError, VersionError


def damaged_references(
    store: ArtifactStore, found: Survey, broken: Set[str], prefix: str, moment: datetime
) -> Iterator[Finding]:
    """Find damaged and missing references of a store.

    A name is found again where another name or an artifact says what it must mean. Else it is
    taken away, and the next run of its stage writes it.

    Args:
        store: The store.
        found: What it holds.
        broken: Folders of artifacts that are damaged.
        prefix: Only names that begin with it.
        moment: Names what is set aside.
    """
    artifacts = {k: v for k, v in found.inventory.artifacts.items() if k not in broken}
    refs = {name: folder for name, folder in found.inventory.refs.items() if folder in artifacts}
    lineage = Lineage(artifacts, dict(refs))
    faults: dict[str, str] = {}
    for name, error in found.references.items():
        if isinstance(error, VersionError):
            yield Finding("reference", ref_path(name), str(error), "use the version that wrote it")
        else:
            faults[name] = error.fault if isinstance(error, DamagedError) else str(error)
    for name, folder in found.inventory.refs.items():
        if folder not in artifacts:
            state = "damaged" if folder in broken else "not in the store"
            faults[name] = f"it names {folder[:30]}…, which is {state}"
    contradicted = {name: fault for name in refs if (fault := lineage.contradiction(name))}
    for name in contradicted:
        del lineage.refs[name]
    faults |= contradicted
    # Policies and checkpoints reveal each other; readers reveal the other artifacts of a place.
    pending = sorted(faults, key=lambda name: ("/policy" not in name, name))
    while pending := [*pending, *_missing(lineage, faults)]:
        name = pending.pop(0)
        meaning = lineage.meaning(name)
        if meaning is not None:
            lineage.refs[name] = meaning
            stage, _, fingerprint = meaning.split("/")
            remedy = f"found again: {stage} {fingerprint[:12]}"
            mend: Callable[[], object] = partial(_name, store, name, meaning)
        else:
            remedy = "taken away; the next run of its stage writes it again"
            mend = partial(set_aside, store.storage, [ref_path(name)], moment)
        if name.startswith(prefix):
            yield Finding("reference", ref_path(name), faults[name], remedy, mend)


def _missing(lineage: Lineage, faults: dict[str, str]) -> list[str]:
    """Notes the names that ought to be there and are not; returns those that are new."""
    new = [name for name in _lost(lineage) if name not in faults]
    faults |= dict.fromkeys(new, "it is missing")
    return new


def _lost(lineage: Lineage) -> list[str]:
    """Policies whose checkpoint has a name and they have none, and the other way round."""
    names: list[str] = []
    for name in lineage.refs:
        match name.split("/"):
            case [experiment, arm, iteration, "policy_checkpoint"] if iteration.isdigit():
                names.append(f"{experiment}/{arm}/{int(iteration) + 1:03d}/policy")
            case [experiment, arm, iteration, "policy"] if iteration.isdigit() and int(iteration):
                names.append(f"{experiment}/{arm}/{int(iteration) - 1:03d}/policy_checkpoint")
    return [name for name in names if name not in lineage.refs]


def _name(store: ArtifactStore, name: str, folder: str) -> None:
    """Let a name lead to an artifact."""
    stage, _, fingerprint = folder.split("/")
    artifact = store.find(stage, fingerprint)
    if artifact is not None:
        store.set_ref(name, artifact)
