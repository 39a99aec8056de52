"""The gradient of a batch, problem by problem.

If the gradients do not fit into memory, a random projection of each is kept: entries get random
signs, and entries of one place are added up. Its inner products are unbiased, and the more
exact the larger the projection. Source: the tug-of-war sketch of Alon, Matias and Szegedy (1996).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.credit.gradient_signal import Products
from rlsd_pipeline.divergences.divergence import StoredDivergence
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.update.policy_update import UpdateGroup, accumulate_gradients, shared_tokens

_NUMBERS = 1 << 26
"""Numbers of all problems' gradients of one method: 256 MB; two methods are held at a time."""

_BLOCK = 1 << 16
"""Entries whose products are taken at once, in float64."""


@dataclass(frozen=True)
class GradientBatch:
    """The gradient of one method's loss on a batch.

    Attributes:
        sum: Sum of all problems; float32, `[parameters]`.
        parts: What is kept of each problem's; they add up to that of `sum`. `[problems, kept]`.
    """

    sum: Tensor
    parts: Tensor

    @cached_property
    def own(self) -> np.ndarray:
        """Inner products between its problems; every other method's signal reads a reference's."""
        return _gram(self.parts, self.parts)

    def products(self, reference: "GradientBatch | None") -> Products:
        """All inner products that say how much the problems agree."""
        kept = self.parts.shape[1]
        if reference is None:
            return Products(self.own, None, None, kept)
        cross = self.own if reference is self else _gram(self.parts, reference.parts)
        return Products(self.own, reference.own, cross, kept)


def problem_gradients(
    policy: Policy,
    groups: Sequence[UpdateGroup],
    config: UpdateConfig,
    divergence: StoredDivergence | None,
    *,
    temperature: float,
    numbers: int = _NUMBERS,
) -> GradientBatch:
    """The gradient of the mean loss over `groups`, and each problem's part of it.

    Args:
        policy: Left without gradients.
        groups: One entry a problem.
        config: Losses, denominators, clipping.
        divergence: What the distillation weights weigh.
        temperature: At which the rollouts were sampled.
        numbers: Most that are kept of all problems together.
    """
    learnt = shared_tokens(groups, config)
    size = sum(parameter.numel() for parameter in policy.trained.values())
    kept = min(size, max(1, numbers // max(1, len(groups))))
    total, parts = torch.zeros(size), torch.zeros(len(groups), kept)
    for row, (group, tokens) in enumerate(zip(groups, learnt, strict=True)):
        policy.model.zero_grad(set_to_none=True)
        accumulate_gradients(
            policy, [group], config, divergence, temperature=temperature, learnt=[tokens]
        )
        flat = _flat(policy)
        total += flat
        parts[row] = flat if kept == size else projected(flat, kept)
    policy.model.zero_grad(set_to_none=True)
    return GradientBatch(total, parts)


def projected(values: Tensor, kept: int) -> Tensor:
    """Entries with random signs, the same for every gradient, added up in `kept` places."""
    signs = torch.Generator().manual_seed(0)
    found = torch.zeros(kept)
    for piece in values.split(kept):
        found[: len(piece)] += piece * (torch.randint(2, (len(piece),), generator=signs) * 2 - 1)
    return found


def _flat(policy: Policy) -> Tensor:
    return torch.cat(list(_columns(policy)))


def _columns(policy: Policy) -> Iterable[Tensor]:
    for parameter in policy.trained.values():
        if parameter.grad is None:
            yield torch.zeros(parameter.numel())
        else:
            yield parameter.grad.cpu().float().flatten()


def _gram(first: Tensor, second: Tensor) -> np.ndarray:
    found = torch.zeros(len(first), len(second), dtype=torch.float64)
    for a, b in zip(first.split(_BLOCK, 1), second.split(_BLOCK, 1), strict=True):
        found += a.double() @ b.double().T
    return found.numpy()
