"""The gradients of all methods' losses on the same rollouts, compared."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, FiniteFloat

from schemas.interval import Interval
from schemas.record import Contract, NonEmpty, Record


class MethodSignal(Contract):
    """Signal and bias of one method's gradient.

    The mean gradient is the mean over problems and their rollouts. A batch's gradient is the mean
    over its problems, so its noise falls with their number.
    """

    method: NonEmpty
    """Name of the method."""

    cosine: Interval | None
    """Cosine of the method's mean gradient with the reference gradient; null without a reference,
    or if one of the two may be 0. It may exceed 1 if they are known poorly."""

    share: Interval | None
    """Signal share: squared norm of the mean gradient over that of this batch's gradient; below 0
    if problems agree less than by chance, null if the gradient is 0."""

    prompts_needed: Annotated[FiniteFloat, Field(ge=0)] | None
    """Prompts of a batch whose gradient is half signal; null if no signal is found."""

    rollouts_needed: Annotated[FiniteFloat, Field(ge=0)] | None
    """Rollouts at which the method reaches the compared method's signal share in this batch; null
    if one of the two shows no signal."""


class GradientSignal(Contract):
    """Bias and noise of every method's gradient at one policy, over problems."""

    problems: Annotated[int, Field(ge=0)]
    """Number in the batch."""

    rollouts: Annotated[int, Field(ge=0)]
    """Number in the batch."""

    parameters: Annotated[int, Field(ge=0)]
    """Number of entries of a gradient."""

    kept: Annotated[int, Field(ge=0)]
    """Numbers kept of each problem's gradient. Fewer than `parameters` are a random projection,
    whose inner products are unbiased."""

    compared_with: NonEmpty
    """The method that `rollouts_needed` refers to."""

    methods: list[MethodSignal]
    """One entry for each method; a reference comes last."""


class GradientComparison(Record):
    """The gradient of each method's loss at one policy; one document."""

    schema_version: ClassVar[int] = 2
    oldest_readable: ClassVar[int | None] = 1

    policy: NonEmpty
    """Digest of the policy."""

    methods: list[NonEmpty]
    """Names of the methods, in the order of the other fields."""

    norms: list[Annotated[FiniteFloat, Field(ge=0)]]
    """Euclidean norm of each gradient, before any clipping."""

    cosines: list[list[FiniteFloat | None]]
    """Cosine between every two gradients; null if one is 0."""

    signal: GradientSignal | None = None
    """Bias and noise; null in documents of version 1."""

    example: ClassVar[dict[str, Any]] = {
        "policy": "5f2c8a0e9b1d4f67",
        "methods": ["grpo", "rlsd"],
        "norms": [0.5, 0.625],
        "cosines": [[1.0, 0.75], [0.75, 1.0]],
    }
