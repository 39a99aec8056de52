"""Scoring and the update with transformers and torch alone, as a first version is written.

Every response carries its prompt and image, logits are made for every token, and attention is
transformers' own. What makes this project faster is in no line of it.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.workload import QUESTION, Workload
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.prefix import PromptBatch, collate
from rlsd_pipeline.models.repeated import with_response
from rlsd_pipeline.update.policy_update import make_optimizer


def _rows(workload: Workload, policy: Policy) -> tuple[PromptBatch, Tensor]:
    """Prompt and response as one row, of equal length; and the responses' ids alone."""
    pairs = zip(workload.encode(policy, QUESTION), workload.responses(), strict=True)
    rows = [with_response(prompt, ids) for prompt, group in pairs for ids in group]
    return collate(rows), torch.tensor(workload.responses()).flatten(0, 1)


def _logprobs(policy: Policy, batch: PromptBatch, ids: Tensor) -> Tensor:
    """Log-probabilities of the responses' tokens; `[responses, tokens]`."""
    logits = policy.model(
        input_ids=batch.input_ids,
        attention_mask=batch.attention_mask,
        use_cache=False,
        **batch.inputs,
    ).logits
    before = logits[:, -ids.shape[1] - 1 : -1]
    return before.log_softmax(-1).gather(-1, ids[..., None]).squeeze(-1)


def plain_scoring(workload: Workload, policy: Policy) -> Callable[[], Tensor]:
    """Log-probabilities of all responses."""
    policy.model.set_attn_implementation("sdpa")
    batch, ids = _rows(workload, policy)
    return torch.no_grad()(lambda: _logprobs(policy, batch, ids))


def plain_update(workload: Workload, policy: Policy, config: UpdateConfig) -> Callable[[], None]:
    """Optimizer steps of clipped policy gradient on all responses at once."""
    policy.model.set_attn_implementation("sdpa")
    batch, ids = _rows(workload, policy)
    advantages = torch.linspace(-1, 1, workload.group).repeat(workload.prompts)[:, None]
    optimizer = make_optimizer(policy, config)

    def step() -> None:
        ratio = (_logprobs(policy, batch, ids) + 5.0).exp()
        loss = -torch.min(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.model.parameters(), config.max_grad_norm)
        optimizer.step()

    return step
