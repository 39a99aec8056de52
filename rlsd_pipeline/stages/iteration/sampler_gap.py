"""The distance between the policy that scores imported rollouts and the one that sampled them."""

from __future__ import annotations

import pyarrow as pa

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.credit.tables import flat
from rlsd_pipeline.update.engine_correction import engine_metrics, engine_ratios

RATIO, ESS = "sampler_ratio_mean", "sampler_effective_sample_size"
"""Measurements of `logprobs`: the mean of π / π_sampler over the tokens, and the share of them that
is left after weighing by it, 1 where both policies are the same."""


def sampler_gap(rollouts: Artifact, sampled: pa.Table, scored: pa.Table) -> dict[str, float]:
    """Mean ratio and effective sample size; nothing where it was sampled here or is not known.

    Args:
        rollouts: The artifact.
        sampled: Its rows of `Rollout`.
        scored: Rows of `TokenLogprobs`.
    """
    if "policy" in rollouts.manifest.inputs:
        return {}
    known = sampled["rollout_logprobs"].is_valid()
    ours = flat(scored["student_logprobs"].filter(known))
    theirs = flat(sampled["rollout_logprobs"].filter(known))
    found = engine_metrics(engine_ratios(ours, theirs), cap=None)
    if not found:
        return {}
    return {RATIO: found["engine_ratio_mean"], ESS: found["engine_effective_sample_size"]}
