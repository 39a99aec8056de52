"""Checks the streams of a method before the policy update reads them."""

import torch

from rlsd_pipeline.components.guarded import guarded, refused
from rlsd_pipeline.credit.streams import TokenStreams
from rlsd_pipeline.weighting.method import Credit, Weighting


def checked_streams(weighting: Weighting, credit: Credit) -> TokenStreams:
    """The credit of every token by a method.

    Raises:
        ComponentError: A user's method fails, or gives something else than finite numbers, one a
            token, in at least one stream.
        ValueError: The table lacks what a built-in method reads.
    """
    doing = f"{len(credit.rewards)} rollouts"
    with guarded(weighting, doing):
        streams = weighting.streams(credit)
    if wrong := _wrong(weighting, streams, len(credit.rows)):
        raise refused(weighting, doing, f"`streams` gave {wrong}", type(weighting).streams)
    return streams


def _wrong(weighting: Weighting, streams: object, tokens: int) -> str | None:
    """What is wrong with the streams of a table, and what to do; None if nothing is."""
    if not isinstance(streams, TokenStreams):
        return f"{type(streams).__name__}: return `TokenStreams(...)`"
    present = {name: values for name, values in streams._asdict().items() if values is not None}
    if not present:
        return "no stream: fill at least one of `TokenStreams`"
    for name, values in present.items():
        if not isinstance(values, torch.Tensor):
            return f"{name} as {type(values).__name__}: let it be a tensor"
        if values.shape != (tokens,):
            return f"{name} of {list(values.shape)}, where the table has [{tokens}] tokens"
        if not values.isfinite().all():
            place = int((~values.isfinite()).nonzero()[0])
            return f"{name} {values[place].item()} at token {place} of the table: numbers only"
    if "distillation_weights" in present and weighting.stored_divergence is None:
        return "distillation_weights, but its `stored_divergence` names nothing that they weigh"
    return None
