"""A worker of a Ray cluster: it loads policies from the store and runs pieces on them."""

import os
import socket
from typing import NamedTuple

from rlsd_pipeline.artifacts import Artifact, ArtifactStore
from rlsd_pipeline.compute.compute import Piece, Result, Work
from rlsd_pipeline.config.place import Device
from rlsd_pipeline.config.precision import Precision
from rlsd_pipeline.errors import ArtifactError
from rlsd_pipeline.models.pool import PolicyPool


class PolicyName(NamedTuple):
    """The key by which a worker finds a policy; it reads the weights from the store.

    Attributes:
        stage: The stage that made it.
        fingerprint: Digest of what it was made from.
        digest: Digest of what it holds.
        precision: In which it is wanted; None for that which it samples in.
    """

    stage: str
    fingerprint: str
    digest: str
    precision: Precision | None = None


class Done(NamedTuple):
    """A piece that is done.

    Attributes:
        result: What the work gave.
        units: As the work told its progress.
    """

    result: object
    units: int


class PieceWorker:
    """One process of the cluster.

    Args:
        store: URL of the artifact store.
        threads: CPU threads, on which the last bits of numbers depend.
        device: Where its policies are.
    """

    def __init__(self, store: str, threads: int, device: Device) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        self._store, self._pool = ArtifactStore(store), PolicyPool(threads=threads, device=device)
        self._found: dict[str, Artifact] = {}

    def place(self) -> str:
        """The machine and the process of this worker, as `host:pid`."""
        return f"{socket.gethostname()}:{os.getpid()}"

    def leave_device(self) -> None:
        """Give a GPU's memory to the update; what an engine keeps is counted with it."""
        self._pool.leave_device()

    def run(self, name: PolicyName, work: Work[Piece, Result], piece: Piece) -> Done:
        """The work on one piece; again and elsewhere, it gives the same.

        Raises:
            ArtifactError: The store that is seen from here lacks the policy.
        """
        units = 0

        def advance(count: int) -> None:
            nonlocal units
            units += count

        result = work(self._pool.get(self._policy(name), name.precision), piece, advance)
        return Done(result, units)

    def _policy(self, name: PolicyName) -> Artifact:
        if name.digest not in self._found:
            found = self._store.find(name.stage, name.fingerprint)
            if found is None or found.digest != name.digest:
                raise ArtifactError(
                    f"{self.place()} does not find the {name.stage} {name.digest[:12]} in the "
                    f"store {self._store.url}: workers elsewhere need a store that all reach, such "
                    "as s3://BUCKET/PATH or a folder of a shared file system (RLSD_STORE)"
                )
            self._found[name.digest] = found
        return self._found[name.digest]
