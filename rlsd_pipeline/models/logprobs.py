"""Log-probabilities of response tokens under a policy.

Alignment is defined here only: the hidden state before place t predicts the token at place t of a
response; for t = 0 it is the prompt's last one. Sampling, scoring and the update use the same
temperature and the same suppressed tokens, so the three agree token by token.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from rlsd_pipeline.models.placement import beside
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.prefix import collate, extend, pad, prefill, spread
from rlsd_pipeline.models.repeated import repeated_hidden
from rlsd_pipeline.models.sharing import has_sliding_window


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


class Support(NamedTuple):
    """A next-token distribution over k entries and one bucket for the rest.

    Attributes:
        ids: Tokens of the vocabulary; `[tokens, k]`.
        logprobs: Their log-probabilities, nats; `[tokens, k]`.
        tail: Log-probability of all others together, nats, at least `EMPTY`; `[tokens]`.
    """

    ids: Tensor
    logprobs: Tensor
    tail: Tensor

    @property
    def joined(self) -> Tensor:
        """Log-probabilities of the entries and the bucket; `[tokens, k + 1]`."""
        return torch.cat([self.logprobs, self.tail[:, None]], dim=-1)


EMPTY = -100.0
"""The log of probability 0 as a finite number: exp of it is 4e-44, which adds nothing."""

LOGITS_AT_ONCE = 2**21
"""Tokens times vocabulary: 8 MB in float32, and a few times that while a loss is taken."""

LEAST_TOKENS_AT_ONCE = 512
"""Fewer tokens make the product with a large vocabulary slower; twice as many gain nothing."""

LOGITS_AT_ONCE_ON_GPU = 2**28
"""1 GB: in bfloat16 the head's gradient is rounded once for each piece, so pieces are few."""


def next_token_logits(policy: Policy, hidden: Tensor, temperature: float) -> Tensor:
    """Logits over the vocabulary, `[..., vocabulary]`, as sampling and scoring both see them."""
    logits = policy.model.get_output_embeddings()(hidden).float()
    if temperature != 1:
        logits = logits / temperature
    suppressed = torch.tensor(policy.suppressed_token_ids, dtype=torch.long, device=hidden.device)
    return logits.index_fill(-1, suppressed, float("-inf"))


def tokens_at_once(policy: Policy) -> int:
    """Tokens whose logits may be in memory together."""
    vocabulary = policy.model.get_output_embeddings().weight.shape[0]
    entries = LOGITS_AT_ONCE if policy.model.device.type == "cpu" else LOGITS_AT_ONCE_ON_GPU
    return max(LEAST_TOKENS_AT_ONCE, entries // vocabulary)


def flat_completion_hidden(policy: Policy, batch: ScoringBatch) -> tuple[Tensor, Tensor]:
    """The hidden states that predict every response token, response after response.

    Gradients flow to the weights unless the caller turns them off. The caller is `beside` the
    model.

    Returns:
        Hidden states `[all tokens, hidden]` and token ids `[all tokens]`.
    """
    token_ids = torch.tensor([i for ids in batch.completion_ids for i in ids], dtype=torch.long)
    if not policy.shares_prefix:
        prompts = [batch.prompts[owner] for owner in batch.owners]
        return repeated_hidden(policy.model, prompts, batch.completion_ids), token_ids
    completions = pad(batch.completion_ids)
    mask = pad([[1] * len(ids) for ids in batch.completion_ids])
    owners = torch.tensor(batch.owners, dtype=torch.long)
    asked = collate(batch.prompts, left=has_sliding_window(policy.model))
    prefix = spread(prefill(policy.model, asked), owners)
    before = prefix.last_hidden[:, None]
    if completions.shape[1] > 1:
        inner = extend(policy.model, prefix, completions[:, :-1], mask[:, :-1], start=0)
        before = torch.cat([before, inner], dim=1)
    return before[:, : completions.shape[1]][mask.bool()], token_ids


def chosen_logprobs(logits: Tensor, token_ids: Tensor) -> Tensor:
    """Log-probability of each token under its logits, nats; `[tokens]`."""
    return -F.cross_entropy(logits, token_ids, reduction="none")


class Moments(NamedTuple):
    """Moments of next-token distributions over the whole vocabulary.

    Attributes:
        logprobs: Log-probabilities of the chosen tokens, nats; `[tokens]`.
        entropy: -Σ_v p(v) log p(v), nats; `[tokens]`.
        squared_probs: Σ_v p(v)²; `[tokens]`.
    """

    logprobs: Tensor
    entropy: Tensor
    squared_probs: Tensor


def token_moments(logits: Tensor, token_ids: Tensor) -> Moments:
    """`chosen_logprobs`, bit for bit, and two moments out of the same normalised logits."""
    logs = F.log_softmax(logits, dim=-1)
    probs = logs.exp()
    chosen = logs.gather(-1, token_ids[:, None]).squeeze(-1)
    # A suppressed token has log 0; 0 times it would be nan.
    entropy = -torch.einsum("tv,tv->t", probs, logs.clamp_(min=EMPTY))
    return Moments(chosen, entropy.clamp(min=0.0), torch.einsum("tv,tv->t", probs, probs))


def flat_completion_logprobs(policy: Policy, batch: ScoringBatch, temperature: float) -> Tensor:
    """Log-probability of every response token, response after response; `[all tokens]`, nats.

    Gradients flow to the weights unless the caller turns them off. Logits are made some tokens at
    a time, and made again when gradients flow back. The caller is `beside` the model.
    """
    hidden, token_ids = flat_completion_hidden(policy, batch)

    def score(hidden: Tensor, token_ids: Tensor) -> Tensor:
        return chosen_logprobs(next_token_logits(policy, hidden, temperature), token_ids)

    size = tokens_at_once(policy)
    if len(token_ids) <= size:
        return score(hidden, token_ids)
    pieces = zip(hidden.split(size), token_ids.split(size), strict=True)
    return torch.cat(
        [checkpoint(score, *p, use_reentrant=False, preserve_rng_state=False) for p in pieces]
    )


def likeliest(logits: Tensor, count: int | None) -> Tensor:
    """Ids of the `count` likeliest tokens, or of all that are not suppressed; `[tokens, k]`."""
    allowed = int(logits[:1].isfinite().sum()) if len(logits) else 0
    return logits.topk(min(count or allowed, allowed), dim=-1).indices


def on_support(logits: Tensor, ids: Tensor) -> Support:
    """A distribution over the entries `ids`, `[tokens, k]`, and one bucket for the rest.

    The bucket is summed from the other logits, not taken as one minus the entries, whose rounding
    would drown a small one.
    """
    normaliser = logits.logsumexp(-1, keepdim=True)
    rest = logits.scatter(-1, ids, float("-inf"))
    none_left = rest.isneginf().all(-1)
    tail = rest.masked_fill(none_left[:, None], 0.0).logsumexp(-1) - normaliser.squeeze(-1)
    return Support(
        ids,
        (logits.gather(-1, ids) - normaliser).clamp(min=EMPTY, max=0.0),
        tail.masked_fill(none_left, EMPTY).clamp(min=EMPTY, max=0.0),
    )


@torch.no_grad()
def completion_logprobs(
    policy: Policy, batch: ScoringBatch, *, temperature: float = 1.0
) -> list[list[float]]:
    """Log-probabilities of each response's tokens under the policy, in nats, as float32."""
    with beside(policy.model):
        flat = flat_completion_logprobs(policy, batch, temperature)
    lengths = [len(ids) for ids in batch.completion_ids]
    return [part.tolist() for part in flat.split(lengths)]
