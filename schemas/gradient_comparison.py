"""The gradients of all methods' losses on the same rollouts, compared."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, FiniteFloat

from schemas.record import Contract, NonEmpty, Record
from schemas.weighting_comparison import Interval


class MethodSignal(Contract):
    """How much of one method's gradient is signal, and whether the signal points uphill.

    The mean gradient is that over problems and their rollouts; a batch's gradient is the mean of
    its problems', so its noise falls with their number.
    """

    method: NonEmpty
    """Name of the method."""

    cosine: Interval | None
    """Of its mean gradient with the reference; null without one, or where one of the two is not
    known to differ from 0. It may exceed 1 where they are known poorly."""

    share: Interval | None
    """Share of the squared norm of this batch's gradient that its mean's is; below 0 where problems
    agree less than chance would have it, null where the gradient is 0."""

    prompts_needed: Annotated[FiniteFloat, Field(ge=0)] | None
    """Prompts of a batch whose gradient is half signal; null where no signal is seen."""

    rollouts_needed: Annotated[FiniteFloat, Field(ge=0)] | None
    """Rollouts for the share that the method compared with has in this batch; null where no signal
    of one of the two is seen."""


class GradientSignal(Contract):
    """Bias and noise of every method's gradient at one policy, problems being the draws."""

    problems: Annotated[int, Field(ge=0)]
    """Of the batch."""

    rollouts: Annotated[int, Field(ge=0)]
    """Of the batch."""

    parameters: Annotated[int, Field(ge=0)]
    """Entries of a gradient."""

    kept: Annotated[int, Field(ge=0)]
    """Numbers kept of each problem's gradient: fewer than `parameters` are a random projection,
    whose inner products are right in the mean."""

    compared_with: NonEmpty
    """The method that `rollouts_needed` refers to."""

    methods: list[MethodSignal]
    """One entry a method; the reference, where there is one, comes last."""


class GradientComparison(Record):
    """The gradient of each method's loss at one policy; one document."""

    schema_version: ClassVar[int] = 2
    oldest_readable: ClassVar[int | None] = 1

    policy: NonEmpty
    """Digest of the policy."""

    methods: list[NonEmpty]
    """Names, in the order of the other fields."""

    norms: list[Annotated[FiniteFloat, Field(ge=0)]]
    """Euclidean norm of each gradient, before any clipping."""

    cosines: list[list[FiniteFloat | None]]
    """Cosine between every two gradients; null where one is 0."""

    signal: GradientSignal | None = None
    """Bias and noise; null in documents of version 1."""

    example: ClassVar[dict[str, Any]] = {
        "policy": "5f2c8a0e9b1d4f67",
        "methods": ["grpo", "rlsd"],
        "norms": [0.5, 0.625],
        "cosines": [[1.0, 0.75], [0.75, 1.0]],
    }
