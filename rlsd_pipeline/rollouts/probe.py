"""Checks that an external engine samples from the given policy."""

from collections.abc import Callable, Sequence

import torch

from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engine import Completion, SamplingRequest

_PROMPTS = 4
_TOKENS = 32


def engine_gap(
    policy: Policy,
    request: SamplingRequest,
    sample: Callable[[SamplingRequest], Sequence[Completion]],
) -> float:
    """Mean difference between log-probabilities as an engine reports and as transformers computes.

    It tells other weights and another temperature from the noise between engines; one small update
    of a large model it does not.

    Args:
        policy: What the engine should sample from.
        request: What is about to be sampled; a few short responses to its first prompts are.
        sample: Samples them.

    Returns:
        Nats a token.
    """
    probe = request._replace(
        prompts=request.prompts[:_PROMPTS],
        keys=[f"probe/{key}" for key in request.keys[:_PROMPTS]],
        group_size=1,
        max_tokens=min(*request.budgets[:_PROMPTS], _TOKENS),
        temperature=request.temperature or 1.0,
        top_p=1.0,
        top_k=None,
        begun=None,
    )
    found = sample(probe)
    batch = ScoringBatch(
        prompts=probe.prompts,
        owners=range(len(found)),
        completion_ids=[each.completion_ids for each in found],
    )
    ours = completion_logprobs(policy, batch, temperature=probe.temperature)
    differences = [
        abs(a - b)
        for each, scored in zip(found, ours, strict=True)
        for a, b in zip(each.rollout_logprobs, scored, strict=True)
    ]
    return torch.tensor(differences).mean().item() if differences else 0.0
