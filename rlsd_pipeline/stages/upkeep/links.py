"""The predecessor of each policy of an arm, read once from its manifest and cached."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rlsd_pipeline.artifacts.notes import keep_note, read_note
from rlsd_pipeline.artifacts.references import REFS, ref_name
from rlsd_pipeline.stages.workspace import Workspace

_WORTH_KEEPING = 32
"""Manifests that were read and are not noted yet."""


class Link(NamedTuple):
    """One policy of an arm.

    Attributes:
        modified: When the reference to it was written.
        digest: Digest of the policy.
        made_of: Digest of the policy before; empty for a base.
    """

    modified: float
    digest: str
    made_of: str


def policy_links(workspace: Workspace, arm: str) -> dict[int, Link]:
    """Iteration -> its stored policy; a damaged one counts as absent."""
    store = workspace.store
    note = f"{workspace.name}/{arm}.links"
    known = _noted(read_note(store.storage, note))
    links: dict[int, Link] = {}
    new = 0
    for file in store.storage.listing(f"{REFS}/{workspace.name}/{arm}"):
        *_, iteration, stage = ref_name(file.path).split("/")
        if stage != "policy" or not iteration.isdigit():
            continue
        link = known.get(int(iteration))
        if link is None or link.modified != file.modified:
            artifact = store.intact_ref(ref_name(file.path))
            if artifact is None:
                continue
            made_of = artifact.manifest.inputs.get("policy", "")
            link, new = Link(file.modified, artifact.digest, made_of), new + 1
        links[int(iteration)] = link
    if new >= _WORTH_KEEPING:
        keep_note(store.storage, note, {str(k): link for k, link in links.items()})
    return links


def _noted(note: Mapping[str, Any]) -> dict[int, Link]:
    """The cached links; empty if another version wrote them."""
    try:
        return {int(iteration): Link(*fields) for iteration, fields in note.items()}
    except (TypeError, ValueError):
        return {}
