"""Notes of an examination: facts that a user may want to know, though nothing is damaged."""

import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator

from rlsd_pipeline.artifacts.garbage import (
    INCOMPLETE,
    SET_ASIDE,
    STAGED,
    SUPERSEDED,
    UPLOAD,
    Removal,
    plan,
)
from rlsd_pipeline.artifacts.inventory import Inventory, StoredArtifact
from rlsd_pipeline.artifacts.storage import Storage
from rlsd_pipeline.doctor.finding import Finding

_SETTLED_SECONDS = 3600
"""What was written within the last hour may belong to a run that is going on."""

_LEFTOVERS = (STAGED, INCOMPLETE, SUPERSEDED, UPLOAD, SET_ASIDE)
_DIGEST = re.compile(r"[0-9a-f]{64}")


def lost_inputs(artifacts: Iterable[StoredArtifact], stored: Inventory) -> Iterator[Finding]:
    """Inputs that are no longer there: the result stands, and cannot be followed back to them."""
    digests = {artifact.manifest.digest for artifact in stored.artifacts.values()}
    for artifact in artifacts:
        lost = [
            f"{role} {digest[:12]}"
            for role, digest in artifact.manifest.inputs.items()
            if _DIGEST.fullmatch(digest) and digest not in digests
        ]
        if lost:
            yield Finding(
                "input",
                artifact.folder,
                f"it was made from {', '.join(lost)}, which the store no longer has",
                "the result stands; a training that goes through here makes them anew",
                severity="note",
            )


def leftovers(storage: Storage, stored: Inventory) -> Iterator[Finding]:
    """The remains of killed processes, replaced results and earlier repairs."""
    groups: dict[str, list[Removal]] = defaultdict(list)
    for removal in plan(storage, stored, {}, time.time() - _SETTLED_SECONDS):
        if removal.why in _LEFTOVERS:
            groups[removal.why].append(removal)
    for why, removals in groups.items():
        count, size = len(removals), sum(removal.size for removal in removals)
        yield Finding(
            "leftovers",
            removals[0].folder if count == 1 else f"{count} places",
            f"{why}: {size:,} bytes",
            "`rlsd gc --yes` deletes it after a day",
            severity="note",
        )
