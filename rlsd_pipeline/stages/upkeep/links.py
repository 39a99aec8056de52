"""What each policy of an arm was made of, as far as the references tell without being read.

The predecessor is read once from a policy's manifest and cached. That a stage was made anew after
the policy of its iteration shows in the times at which the references were written.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rlsd_pipeline.artifacts.notes import keep_note, read_note
from rlsd_pipeline.artifacts.references import REFS, ref_name
from rlsd_pipeline.stages.registry import iteration_of
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


class Links(NamedTuple):
    """The policies of an arm, and the iterations that were changed since.

    Attributes:
        policies: Iteration -> its stored policy; a damaged one counts as absent.
        touched: Iterations of which a stage was made anew after the policy that they published.
    """

    policies: dict[int, Link]
    touched: frozenset[int]


def policy_links(workspace: Workspace, arm: str) -> Links:
    """The policies of an arm, from one listing of its references."""
    store = workspace.store
    note = f"{workspace.name}/{arm}.links"
    known = _noted(read_note(store.storage, note))
    stages = {stage.name for stage in iteration_of(workspace.experiment.lineages()[arm])}
    links: dict[int, Link] = {}
    newest: dict[int, float] = {}
    new = 0
    for file in store.storage.listing(f"{REFS}/{workspace.name}/{arm}"):
        *_, iteration, stage = ref_name(file.path).split("/")
        if not iteration.isdigit():
            continue
        if stage in stages:
            newest[int(iteration)] = max(file.modified, newest.get(int(iteration), 0.0))
        if stage != "policy":
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
    touched = (k for k, at in newest.items() if k + 1 in links and at > links[k + 1].modified)
    return Links(links, frozenset(touched))


def _noted(note: Mapping[str, Any]) -> dict[int, Link]:
    """The cached links; empty if another version wrote them."""
    try:
        return {int(iteration): Link(*fields) for iteration, fields in note.items()}
    except (TypeError, ValueError):
        return {}
