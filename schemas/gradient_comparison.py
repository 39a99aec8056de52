"""What every method's loss would do to the weights, on the same rollouts."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, FiniteFloat

from schemas.record import NonEmpty, Record


class GradientComparison(Record):
    """The gradient of each method's loss at one policy; one document."""

    policy: NonEmpty
    """Digest of the policy."""

    methods: list[NonEmpty]
    """Names, in the order of the other fields."""

    norms: list[Annotated[FiniteFloat, Field(ge=0)]]
    """Euclidean norm of each gradient, before any clipping."""

    cosines: list[list[FiniteFloat | None]]
    """Cosine between every two gradients; null where one is 0."""

    example: ClassVar[dict[str, Any]] = {
        "policy": "5f2c8a0e9b1d4f67",
        "methods": ["grpo", "rlsd"],
        "norms": [0.5, 0.625],
        "cosines": [[1.0, 0.75], [0.75, 1.0]],
    }
