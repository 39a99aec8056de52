"""The per-token streams that every method writes and the policy update reads."""

from typing import Annotated, Any, ClassVar

from schemas.record import AlignedWith, AnyPresent, NonEmpty, Record, TokenId, TokenWeight


class TokenWeights(Record):
    """The weights of one rollout's tokens in the policy update.

    The loss is the sum of the components whose stream is present.
    """

    schema_version: ClassVar[int] = 2
    oldest_readable: ClassVar[int | None] = 1

    key: ClassVar[tuple[str, ...]] = ("rollout_id",)
    rules: ClassVar[tuple[AnyPresent, ...]] = (
        AnyPresent(("token_advantages", "distillation_weights", "nll_weights", "anchor_weights")),
    )

    rollout_id: NonEmpty
    """The rollout of the weights."""

    completion_ids: list[TokenId]
    """The tokens of the weights. [tokens]"""

    token_advantages: Annotated[list[TokenWeight] | None, AlignedWith("completion_ids")]
    """Â_t of the policy-gradient component. [tokens]"""

    distillation_weights: Annotated[list[TokenWeight] | None, AlignedWith("completion_ids")]
    """Factor on the divergence to the stored teacher distribution. [tokens]"""

    nll_weights: Annotated[list[TokenWeight] | None, AlignedWith("completion_ids")]
    """Factor on −log π_θ(y_t | x, y<t). [tokens]"""

    anchor_weights: Annotated[list[TokenWeight] | None, AlignedWith("completion_ids")] = None
    """Factor on ½ (log π_θ(y_t | x, y<t) − log π_0(y_t | x, y<t))². [tokens]"""

    example: ClassVar[dict[str, Any]] = {
        "rollout_id": "easy_vqa/train/17#0",
        "completion_ids": [7, 3, 2],
        "token_advantages": [0.75, 0.875, 0.75],
        "distillation_weights": None,
        "nll_weights": None,
        "anchor_weights": None,
    }
