"""What an engine is: prompts in, sampled completions with their log-probabilities out."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from schemas import FinishReason

Progress = Callable[[int], None]
"""Told the number of tokens sampled since it was last told."""


class Completion(NamedTuple):
    """One sampled response.

    Attributes:
        completion_ids: Sampled token ids, the end token included where it was sampled.
        rollout_logprobs: Log-probability of each when sampled, nats, before `top_p` and `top_k`;
            as long as `completion_ids`. nan where these cut and the engine only tells what is
            after the cut.
        finish_reason: `stop` where the end token was sampled, `length` where the budget ended it.
    """

    completion_ids: list[int]
    rollout_logprobs: list[float]
    finish_reason: FinishReason


class SamplingRequest(NamedTuple):
    """What to sample.

    Attributes:
        prompts: One per problem.
        keys: One per prompt; with `seed` it fixes the randomness of each of its responses.
        group_size: Responses per prompt.
        max_tokens: Budget of one response, the end token included.
        temperature: 0 takes the likeliest token.
        seed: Seed of the draw.
        top_p: Draw from the likeliest tokens that together have this probability.
        top_k: Draw from this many likeliest tokens; None from all.
    """

    prompts: Sequence[EncodedPrompt]
    keys: Sequence[str]
    group_size: int
    max_tokens: int
    temperature: float
    seed: int
    top_p: float = 1.0
    top_k: int | None = None

    def parts(self, prompts: int) -> "list[SamplingRequest]":
        """The same in requests of at most so many prompts each, in order."""
        return [
            self._replace(
                prompts=self.prompts[start : start + prompts],
                keys=self.keys[start : start + prompts],
            )
            for start in range(0, len(self.prompts), prompts)
        ]


class RolloutEngine(Protocol):
    """Samples `group_size` completions of each prompt, prompt after prompt."""

    def sample(
        self, policy: Policy, request: SamplingRequest, progress: Progress | None = None
    ) -> list[Completion]:
        """Sample; the result has `len(prompts) * group_size` completions."""
        ...
