"""GRPO that learns most where the policy was unsure."""

from typing import Annotated

from pydantic import Field

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class Uncertain(Weighting):
    """Tokens that the policy found surprising carry more of their response's advantage."""

    reads = frozenset({"student_logprobs"})

    strength: Annotated[float, Field(ge=0, le=1)] = 0.5
    """0 is GRPO; 1 gives nothing to a token that the policy was sure of."""

    def streams(self, credit: Credit) -> TokenStreams:
        """A (1 - s + s u_t), where u_t is -log p of the sampled token over its response's mean."""
        surprise = -credit.student_logprobs
        rows, lengths = credit.rows, credit.rows.bincount(minlength=len(credit.rewards))
        total = surprise.new_zeros(len(lengths)).index_add(0, rows, surprise)
        mean = (total / lengths.clamp(min=1))[rows]
        relative = (surprise / mean).where(mean > 0, 1.0)
        return TokenStreams(
            credit.token_advantages * (1 - self.strength + self.strength * relative)
        )
