"""The interface of a place of computation: work on many independent pieces, and updates."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.compute.update import Updating
from rlsd_pipeline.config.precision import Precision
from rlsd_pipeline.models.policy import Policy

Piece = TypeVar("Piece")
Result = TypeVar("Result")

Advance = Callable[[int], None]
"""Told how many more units of a piece are done."""

Work = Callable[[Policy, Piece, Advance], Result]
"""A function of a policy and one piece; it gives the same result everywhere and every time."""


class Compute(Protocol):
    """Runs work that reads a policy and does not change it, and what changes one: the update."""

    @property
    def update(self) -> Updating:
        """Computes an update and writes its result."""
        ...

    @property
    def recomputed(self) -> int:
        """Pieces that were computed again because their worker died."""
        ...

    def reader(self, policy: Artifact) -> Policy:
        """A policy whose tokenizer and processor are asked here; it may be without weights."""
        ...

    def forget(self) -> None:
        """Forget the workers, which are gone with their cluster; new ones are found on demand."""
        ...

    def each(
        self,
        policy: Artifact,
        work: Work[Piece, Result],
        pieces: Sequence[Piece],
        advance: Advance,
        precision: Precision | None = None,
    ) -> Iterator[Result]:
        """`work` on every piece; the results in the order of the pieces, each once it is there.

        A piece is what one forward pass or one decoding holds. Its content does not depend on the
        worker, so that results are the same to the last bit wherever it runs.

        Args:
            policy: The policy whose weights the work reads.
            work: Picklable by name, with its settings bound by `functools.partial`.
            pieces: Independent of one another; nothing is computed before a result is asked for.
            advance: Told the units done.
            precision: Of the policy's weights and what they compute; None takes that which it
                samples in.
        """
        ...
