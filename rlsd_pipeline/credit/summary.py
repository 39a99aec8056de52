"""The numbers of one table of credit that are drawn as curves."""

import torch
from torch import Tensor

from rlsd_pipeline.weighting.method import Credit, TokenStreams


def summary(credit: Credit, streams: TokenStreams) -> dict[str, float]:
    """Numbers over the signal tokens; medians, since the tails are heavy."""
    advantages = credit.token_advantages
    signal = advantages != 0
    numbers = {"signal_share": _share(signal)}
    if streams.token_advantages is not None and signal.any():
        multiplier = (streams.token_advantages / advantages)[signal]
        numbers["multiplier_median"] = multiplier.median().item()
        low, high = _percentiles(multiplier, 0.05, 0.95)
        numbers |= {"multiplier_p05": low, "multiplier_p95": high}
    for name in ("distillation_weights", "nll_weights", "anchor_weights"):
        weights = getattr(streams, name)
        if weights is not None:
            numbers[f"{name.removesuffix('_weights')}_share"] = _share(weights != 0)
    if credit.teacher_logprobs is not None and signal.any():
        gain = credit.information_gain[signal]
        numbers["information_gain_median"] = gain.median().item()
        numbers["information_gain_abs_median"] = gain.abs().median().item()
    return numbers


def _percentiles(values: Tensor, *shares: float) -> list[float]:
    # torch.quantile refuses large inputs.
    ordered = values.sort().values
    places = [round(share * (len(ordered) - 1)) for share in shares]
    return ordered[torch.tensor(places)].tolist()


def _share(values: Tensor) -> float:
    return values.float().mean().item() if len(values) else 0.0
