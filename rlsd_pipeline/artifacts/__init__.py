"""The artifact store: what a stage made, found again by what it was made from.

    <stage>/<fingerprint[:2]>/<fingerprint>/manifest.json
                                            <name>-<sha256[:16]><extension>

A fingerprint digests a stage's name, code version, config, inputs and seeds. A request whose
fingerprint is in the store gets that artifact, and no work is done. An artifact's digest is that of
its files alone: the same bytes have the same digest, whenever and wherever they were made. The
manifest is written last: a folder without a manifest is no artifact. Tables are validated before
they are written, and files are verified before they are read. A deleted folder is made again on the
next request. References are the only names that change.
"""

from rlsd_pipeline.artifacts.artifact import Artifact
from rlsd_pipeline.artifacts.columns import arrow_schema
from rlsd_pipeline.artifacts.fingerprint import content_digest, fingerprint
from rlsd_pipeline.artifacts.store import ArtifactRequest, ArtifactStore
from rlsd_pipeline.artifacts.tables import check_same_tokens, rows, to_table
from rlsd_pipeline.artifacts.validation import validate_table
from rlsd_pipeline.artifacts.writer import ArtifactWriter

__all__ = [
    "Artifact",
    "ArtifactRequest",
    "ArtifactStore",
    "ArtifactWriter",
    "arrow_schema",
    "check_same_tokens",
    "content_digest",
    "fingerprint",
    "rows",
    "to_table",
    "validate_table",
]
