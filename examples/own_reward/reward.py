"""A reward that favours short responses."""

from typing import Annotated

from pydantic import Field

from rlsd_pipeline.rewards.reward_function import Response, RewardFunction


class Brevity(RewardFunction):
    """1 for an empty response, falling linearly to 0 at `tokens`."""

    tokens: Annotated[int, Field(gt=0)] = 20
    """Length from which a response gets nothing."""

    def score(self, response: Response) -> float:
        """By the number of tokens."""
        return max(0.0, 1 - len(response.completion_ids) / self.tokens)
