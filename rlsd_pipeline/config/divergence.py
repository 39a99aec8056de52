"""How far the student is from the teacher at a token: which divergence, over which entries."""

from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.config.strict import StrictConfig


class _OverDistribution(StrictConfig):
    """A divergence between the two next-token distributions."""

    top_k: Annotated[int, Field(ge=1)] | None = 100
    """Entries kept of a distribution, with one bucket for the rest; None keeps the vocabulary.

    An entry takes 8 bytes a token on disk before compression.
    """

    support: Literal["teacher", "student"] = "teacher"
    """Whose likeliest entries are kept."""

    entry_clip: Annotated[float, Field(gt=0)] | None = None
    """Bound on what a single entry adds to the divergence, nats; it tames style tokens."""


class ForwardKL(_OverDistribution):
    """KL(teacher ‖ student): the student is to cover what the teacher does."""

    type: Literal["forward_kl"] = "forward_kl"


class ReverseKL(_OverDistribution):
    """KL(student ‖ teacher): the student is to stay where the teacher goes."""

    type: Literal["reverse_kl"] = "reverse_kl"


class JSD(_OverDistribution):
    """β KL(T ‖ M) + (1 − β) KL(S ‖ M) with M = β T + (1 − β) S (Jensen and Shannon at ½)."""

    type: Literal["jsd"] = "jsd"

    beta: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of the teacher in the mixture."""


class Sampled(StrictConfig):
    """Reverse KL from the sampled token alone, as a policy gradient with advantage Δ_t."""

    type: Literal["sampled"] = "sampled"


StoredDivergence = ForwardKL | ReverseKL | JSD
DivergenceConfig = Annotated[StoredDivergence | Sampled, Field(discriminator="type")]
