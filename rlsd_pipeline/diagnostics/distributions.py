"""Divergences between next-token distributions given as log-probabilities.

A token that a model never gives (-inf) adds nothing where it has no mass.
"""

import torch
from torch import Tensor


def kl_divergence(first_logprobs: Tensor, second_logprobs: Tensor) -> Tensor:
    """KL(first ‖ second) in nats, over the last axis; inf where only the first has mass.

    Args:
        first_logprobs: Log-probabilities; `[..., vocabulary]`.
        second_logprobs: Log-probabilities; `[..., vocabulary]`, or what broadcasts to it.

    Returns:
        Divergences; `[...]`.
    """
    mass = first_logprobs.exp()
    # where, not *: on a suppressed token both logs are -inf, and 0 * nan is nan.
    return torch.where(mass > 0, mass * (first_logprobs - second_logprobs), 0.0).sum(-1)


def total_variation(first_logprobs: Tensor, second_logprobs: Tensor) -> Tensor:
    """Half the summed difference of probability, in [0, 1], over the last axis."""
    return (first_logprobs.exp() - second_logprobs.exp()).abs().sum(-1) / 2
