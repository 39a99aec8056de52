"""The base classes of divergences: settings, formula, and the stream that minimises it."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from rlsd_pipeline.components.component import Component
from rlsd_pipeline.credit.streams import TokenStreams

if TYPE_CHECKING:
    from torch import Tensor


class Divergence(Component):
    """How far the student is from the teacher at a token.

    One between two distributions is a `StoredDivergence`, which asks for a formula alone.
    """

    component_kind = "divergence"

    @property
    def stored(self) -> StoredDivergence | None:
        """Itself where the update needs the teacher's distribution, else None."""
        return None

    @abstractmethod
    def streams(self, weights: Tensor, information_gain: Tensor) -> TokenStreams:
        """The streams that minimise it.

        Args:
            weights: Weights of each token, not negative; `[tokens]`.
            information_gain: Δ_t of the sampled tokens, without gradient; nats, `[tokens]`.
        """


class StoredDivergence(Divergence):
    """A divergence between the two next-token distributions.

    v runs over the stored entries and one bucket for all other tokens. By the data processing
    inequality the bucket can only make a divergence smaller, and with the whole vocabulary it is
    empty.
    """

    top_k: Annotated[int, Field(ge=1)] | None = 100
    """Entries kept of a distribution, with one bucket for the rest; None keeps the vocabulary.

    An entry takes 8 bytes a token on disk before compression.
    """

    support: Literal["teacher", "student"] = "teacher"
    """The model whose likeliest entries are kept."""

    entry_clip: Annotated[float, Field(gt=0)] | None = None
    """Bound on the contribution of one entry to the divergence, in nats; it limits style tokens."""

    @property
    def stored(self) -> StoredDivergence:
        """Itself."""
        return self

    def streams(self, weights: Tensor, information_gain: Tensor) -> TokenStreams:
        """The update weighs the divergence of each token."""
        return TokenStreams(distillation_weights=weights)

    @abstractmethod
    def entries(self, teacher: Tensor, student: Tensor) -> Tensor:
        """The terms of the divergence; their sum over the last axis is the divergence.

        Args:
            teacher: Log-probabilities of the entries, last the bucket of all others, without
                gradient; nats, `[tokens, entries]`.
            student: The policy's of the same entries, with gradient; nats, `[tokens, entries]`.

        Returns:
            Nats, `[tokens, entries]`, with the student's gradient.
        """
