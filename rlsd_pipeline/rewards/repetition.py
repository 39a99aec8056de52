"""The reward part `repetition`: a penalty for repeated text.

    R = -(1 - distinct n-grams / n-grams)

Source: the n-gram repetition penalty of arXiv 2502.03373, appendix C.2, per response as in
open-r1. N-grams are of tokens, so that no language needs word boundaries.
"""

from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.rewards.reward_function import Response, RewardFunction


class Repetition(RewardFunction):
    """0 if no n-gram occurs twice, and towards -1 if all are the same."""

    type: Literal["repetition"] = "repetition"

    ngram_tokens: Annotated[int, Field(ge=1)] = 20
    """Length n of an n-gram. Short n-grams repeat in any sound derivation; 20 tokens are a repeated
    sentence."""

    def score(self, response: Response) -> float:
        """Minus the share of n-grams that occurred before; 0 for a response shorter than n."""
        tokens, length = response.completion_ids.tolist(), self.ngram_tokens
        ngrams = [
            tuple(tokens[start : start + length]) for start in range(len(tokens) - length + 1)
        ]
        return len(set(ngrams)) / len(ngrams) - 1 if ngrams else 0.0
