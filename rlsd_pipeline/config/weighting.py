"""Which method turns rewards and log-probabilities into per-token credit."""

from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.config.strict import StrictConfig


class GRPOWeighting(StrictConfig):
    """Every token carries its response's advantage; no teacher is read."""

    type: Literal["grpo"] = "grpo"

    @property
    def reads_teacher(self) -> bool:
        """Whether the method needs teacher_logprobs."""
        return False


class RLSDWeighting(StrictConfig):
    """The advantage redistributed by a privileged teacher; the defaults are the paper's."""

    type: Literal["rlsd"] = "rlsd"

    mix: Annotated[float, Field(ge=0, le=1)] = 0.5
    """λ: 0 is GRPO, 1 is fully weighted credit."""

    clip: Annotated[float, Field(ge=0, le=1)] = 0.2
    """ε_w: a weight stays within 1 ± this."""

    warmup: Annotated[int, Field(ge=0)] = 0
    """Iterations before λ begins to fall."""

    decay: Annotated[int, Field(ge=1)] | None = 50
    """Iterations over which λ falls to 0, or None to keep it."""

    @property
    def reads_teacher(self) -> bool:
        """Whether the method needs teacher_logprobs."""
        return True


WeightingConfig = Annotated[GRPOWeighting | RLSDWeighting, Field(discriminator="type")]
