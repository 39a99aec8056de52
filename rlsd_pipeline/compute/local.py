"""Work in this process, on the policies that it keeps in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.compute.compute import Advance, Piece, Result, Work
from rlsd_pipeline.compute.update import Updating
from rlsd_pipeline.config.precision import Precision
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.pool import PolicyPool


@dataclass(frozen=True)
class LocalWork:
    """One piece after the other.

    Attributes:
        pool: The policies in memory.
        update: See `Compute`.
        recomputed: None: what dies with this process is not computed again by it.
    """

    pool: PolicyPool
    update: Updating
    recomputed: int = 0

    def reader(self, policy: Artifact) -> Policy:
        """See `Compute`; the one that does the work, which keeps what it has encoded."""
        return self.pool.reader(policy)

    def forget(self) -> None:
        """See `Compute`; always this process."""

    def each(
        self,
        policy: Artifact,
        work: Work[Piece, Result],
        pieces: Sequence[Piece],
        advance: Advance,
        precision: Precision | None = None,
    ) -> Iterator[Result]:
        """See `Compute`."""
        loaded = self.pool.get(policy, precision)
        for piece in pieces:
            yield work(loaded, piece, advance)
