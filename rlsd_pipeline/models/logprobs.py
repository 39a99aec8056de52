"""Log-probabilities of response tokens under a policy.

Alignment, once for all: the token at place t of a response is predicted by the hidden state before
it, which for t = 0 is the prompt's last one. The same temperature and the same suppressed tokens
hold in sampling, in scoring and in the update, so the three agree token by token.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.prefix import collate, extend, pad_right, prefill, spread


class ScoringBatch(NamedTuple):
    """Responses to score, with their prompts.

    Attributes:
        prompts: The distinct prompts.
        owners: Index of each response's prompt; `[responses]`.
        completion_ids: Token ids of each response, of any length.
    """

    prompts: Sequence[EncodedPrompt]
    owners: Sequence[int]
    completion_ids: Sequence[Sequence[int]]


def next_token_logits(policy: Policy, hidden: Tensor, temperature: float) -> Tensor:
    """Logits over the vocabulary, `[..., vocabulary]`, as sampling and scoring both see them."""
    logits = policy.model.get_output_embeddings()(hidden).float() / temperature
    suppressed = torch.tensor(policy.suppressed_token_ids, dtype=torch.long)
    return logits.index_fill(-1, suppressed, float("-inf"))


def flat_completion_logprobs(policy: Policy, batch: ScoringBatch, temperature: float) -> Tensor:
    """Log-probability of every response token, response after response; `[all tokens]`, nats.

    Gradients flow to the weights unless the caller turns them off.
    """
    completions = pad_right(batch.completion_ids)
    mask = pad_right([[1] * len(ids) for ids in batch.completion_ids])
    owners = torch.tensor(batch.owners, dtype=torch.long)
    prefix = spread(prefill(policy.model, collate(batch.prompts)), owners)
    before = prefix.last_hidden[:, None]
    if completions.shape[1] > 1:
        inner = extend(policy.model, prefix, completions[:, :-1], mask[:, :-1], start=0)
        before = torch.cat([before, inner], dim=1)
    chosen = mask.bool()
    logits = next_token_logits(policy, before[:, : completions.shape[1]][chosen], temperature)
    return -F.cross_entropy(logits, completions[chosen], reduction="none")


@torch.no_grad()
def completion_logprobs(
    policy: Policy, batch: ScoringBatch, *, temperature: float = 1.0
) -> list[list[float]]:
    """Log-probabilities of each response's tokens under the policy, in nats, as float32."""
    flat = flat_completion_logprobs(policy, batch, temperature)
    lengths = [len(ids) for ids in batch.completion_ids]
    return [part.tolist() for part in flat.split(lengths)]
