"""The divergence of the policy from a stored teacher distribution, token by token (method.md §2).

    forward KL   Σ_v P_T(v) (log P_T(v) - log P_S(v))
    reverse KL   Σ_v P_S(v) (log P_S(v) - log P_T(v))
    JSD(β)       β KL(P_T ‖ M) + (1 - β) KL(P_S ‖ M),   M = β P_T + (1 - β) P_S

v runs over the stored support and one bucket for all other tokens. By the data processing
inequality the bucket can only make a divergence smaller, and with the whole vocabulary as support
it is empty.
"""

import math

import torch
from torch import Tensor

from rlsd_pipeline.config.divergence import JSD, ForwardKL, StoredDivergence
from rlsd_pipeline.models.logprobs import Support, on_support


def token_divergence(config: StoredDivergence, teacher: Support, logits: Tensor) -> Tensor:
    """The divergence at each token.

    Args:
        config: Which divergence, and the bound on what a single entry adds to it.
        teacher: The stored distribution, without gradient.
        logits: The policy's, with gradient; `[tokens, vocabulary]`.

    Returns:
        Nats, `[tokens]`; not negative unless entries are cut.
    """
    student = on_support(logits, teacher.ids)
    entries = _entries(config, teacher.joined, student.joined)
    if config.entry_clip is not None:
        entries = entries.clamp(max=config.entry_clip)
    return entries.sum(-1)


def _entries(config: StoredDivergence, teacher: Tensor, student: Tensor) -> Tensor:
    if isinstance(config, ForwardKL):
        return teacher.exp() * (teacher - student)
    if isinstance(config, JSD):
        mixture = torch.logaddexp(
            teacher + math.log(config.beta), student + math.log1p(-config.beta)
        )
        to_teacher = teacher.exp() * (teacher - mixture)
        return config.beta * to_teacher + (1 - config.beta) * student.exp() * (student - mixture)
    return student.exp() * (student - teacher)
