"""The reward part `overlong`: a penalty that grows towards the length limit.

    R = 0                                     |y| ≤ L_max - L_cache
        ((L_max - L_cache) - |y|) / L_cache   up to L_max
        -1                                    beyond

Source: DAPO, arXiv 2503.14476, eq. 13 (soft overlong punishment).
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rlsd_pipeline.rewards.reward_function import Response, RewardFunction


class Overlong(RewardFunction):
    """A penalty from 0 to -1 over the last tokens before the limit."""

    type: Literal["overlong"] = "overlong"

    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """L_max; by default `max_tokens` of `sampling`."""

    buffer_tokens: Annotated[int, Field(ge=1)] | None = None
    """L_cache, at most L_max: tokens before L_max over which the penalty grows. By default a fifth
    of L_max, as DAPO's 4,096 of 20,480."""

    @model_validator(mode="after")
    def _buffer_fits(self) -> Self:
        if self.max_tokens and self.buffer_tokens and self.buffer_tokens > self.max_tokens:
            raise ValueError(
                f"buffer_tokens, {self.buffer_tokens}, is more than max_tokens, {self.max_tokens}"
            )
        return self

    def score(self, response: Response) -> float:
        """0 where the response is short enough; -1 at L_max, and so where it was cut there."""
        most = self.max_tokens or response.max_tokens
        buffer = min(self.buffer_tokens or max(most // 5, 1), most)
        left = (most - buffer) - len(response.completion_ids)
        return max(min(left / buffer, 0.0), -1.0)
