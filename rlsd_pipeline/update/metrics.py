"""The metrics of an optimizer step, over all processes that share it."""

from collections.abc import Sequence

import torch

from rlsd_pipeline.update.devices import Devices
from rlsd_pipeline.update.token_loss import TokenLoss


def step_metrics(losses: Sequence[TokenLoss], norm: float, devices: Devices) -> dict[str, float]:
    """Loss (unitless) with its components, grad_norm, ratio statistics and clip fraction.

    Args:
        losses: Those of this process.
        norm: Norm of the gradient, before it was clipped.
        devices: The processes that shared the step.
    """
    ratio = torch.cat([loss.ratio for loss in losses]).double()
    clipped = [loss.clipped for loss in losses if loss.clipped is not None]
    of_signal = torch.cat(clipped) if clipped else torch.zeros(0, dtype=torch.bool)
    names = list(losses[0].parts)
    loss, tokens, ratios, signals, clips, *parts = devices.sums(
        [
            sum(loss.loss.item() for loss in losses),
            len(ratio),
            ratio.sum().item(),
            len(of_signal),
            of_signal.sum().item(),
            *(sum(loss.parts[name] for loss in losses) for name in names),
        ]
    )
    largest = devices.largest(ratio.max().item() if len(ratio) else 0.0)
    metrics = {"loss": loss, "grad_norm": norm, **dict(zip(names, parts, strict=True))}
    metrics["ratio_mean"] = ratios / tokens if tokens else 1.0
    metrics["ratio_max"] = largest if tokens else 1.0
    if clipped:
        metrics["clip_fraction"] = clips / signals if signals else 0.0
    return metrics
