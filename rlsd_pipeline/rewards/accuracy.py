"""The reward part `accuracy`: the verifier's verdict."""

from typing import Literal

from rlsd_pipeline.rewards.reward_function import Response, RewardFunction
from schemas import Verdict


class Accuracy(RewardFunction):
    """1 for a correct answer, 0 otherwise."""

    type: Literal["accuracy"] = "accuracy"

    def score(self, response: Response) -> float | None:
        """Nothing is known of a response that the verifier failed on."""
        if response.verdict is Verdict.VERIFIER_ERROR:
            return None
        return float(response.verdict is Verdict.CORRECT)
