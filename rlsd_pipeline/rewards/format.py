"""The reward part `format`: whether the response has the requested format."""

from typing import Literal

from rlsd_pipeline.rewards.reward_function import Response, RewardFunction


class Format(RewardFunction):
    """1 for a response in the verifier's format, right or wrong, else 0."""

    type: Literal["format"] = "format"

    def score(self, response: Response) -> float:
        """1 if the verifier's extraction accepts the format, else 0."""
        return float(response.format_ok)
