"""Compares all methods on the same tokens: distribution, segments, signs, cuts, correlation."""

from collections.abc import Mapping

import numpy as np
from scipy.stats import rankdata
from torch import Tensor

from rlsd_pipeline.components.component import identity
from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.credit.columns import BASE
from rlsd_pipeline.credit.rounding import selected
from rlsd_pipeline.credit.segments import Segment
from rlsd_pipeline.statistics.bootstrap import cluster_ratio
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting
from schemas.weighting_comparison import Interval, MethodCredit

QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
SEGMENTS = {segment.name.lower(): int(segment) for segment in Segment}


def token_credit(streams: TokenStreams, credit: Credit) -> Tensor:
    """How hard the streams push the probability of each sampled token; `[tokens]`.

    Â_t of the policy gradient; for a divergence its weight times Δ_t, which is the advantage of
    its sampled form (docs/method.md, eq. 15); for the likelihood its weight; for the anchor its
    weight times log π_0 - log π_S, which is its gradient at the first step.
    """
    pushed = credit.student_logprobs.new_zeros(len(credit.rows))
    if streams.token_advantages is not None:
        pushed = pushed + streams.token_advantages
    if streams.distillation_weights is not None:
        pushed = pushed + streams.distillation_weights * credit.information_gain
    if streams.nll_weights is not None:
        pushed = pushed + streams.nll_weights
    if streams.anchor_weights is not None:
        back = credit.column(BASE) - credit.student_logprobs
        pushed = pushed + streams.anchor_weights * back.nan_to_num(0.0)
    return pushed


def summarize(
    name: str,
    weighting: Weighting,
    values: np.ndarray,
    credit: Credit,
    segments: np.ndarray,
    confidence: float,
    noise: Tensor | None = None,
) -> MethodCredit:
    """Summarise the credit of one method on the tokens.

    Args:
        name: Name of the method.
        weighting: The method.
        values: Its credit; `[tokens]`.
        credit: What it was computed from.
        segments: Values of `Segment`; `[tokens]`.
        confidence: Confidence of the intervals, which are over groups.
        noise: How far each token's log-probability is off by rounding; nats, `[tokens]`.
    """
    chosen = selected(weighting, credit, noise)
    signal = credit.token_advantages.numpy() != 0
    with guarded(weighting, f"the cut of {len(credit.rewards)} rollouts"):
        cut = weighting.cut(credit)
    shares = np.quantile(values, list(QUANTILES.values())) if len(values) else [0.0] * 5
    return MethodCredit(
        method=name,
        weighting=identity(weighting),
        quantiles=dict(zip(QUANTILES, map(float, shares), strict=True)),
        magnitude=float(np.abs(values).mean()) if len(values) else 0.0,
        credited=float((values != 0).mean()) if len(values) else 0.0,
        segments=_segment_shares(np.abs(values), credit, segments, confidence),
        sign_agreement=_sign_agreement(values, credit, signal, confidence),
        cut=None if cut is None or not signal.any() else float(cut.numpy()[signal].mean()),
        selected=chosen.share if chosen else None,
        selected_by_rounding=chosen.by_rounding if chosen else None,
    )


def token_shares(segments: np.ndarray) -> dict[str, float]:
    """Share of the tokens of each segment."""
    return {
        name: float((segments == value).mean()) if len(segments) else 0.0
        for name, value in SEGMENTS.items()
    }


def rank_correlations(credits: Mapping[str, np.ndarray]) -> list[list[float | None]]:
    """Spearman's correlation between every two methods; None where a credit is constant."""
    ranks = [rankdata(values) for values in credits.values()]
    centred = [rank - rank.mean() for rank in ranks]
    norms = [np.linalg.norm(rank) for rank in centred]
    return [
        [
            float(np.clip(a @ b / (na * nb), -1, 1)) if na > 0 and nb > 0 else None
            for b, nb in zip(centred, norms, strict=True)
        ]
        for a, na in zip(centred, norms, strict=True)
    ]


def within_responses(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Values of tokens or spans less their mean over the response, in float64; as `values`.

    Rounded to 9 decimals, so that equal tokens stay ties, and a constant credit has 0 and no
    rounding error for a direction.
    """
    counts = np.bincount(rows).clip(min=1)
    means = np.bincount(rows, weights=values) / counts
    return np.round(values - means[rows], 9)


def _segment_shares(
    sizes: np.ndarray, credit: Credit, segments: np.ndarray, confidence: float
) -> dict[str, Interval]:
    total = _by_group(sizes, credit)
    if not total.sum():
        return {}
    return {
        name: _ratio(_by_group(sizes * (segments == value), credit), total, confidence)
        for name, value in SEGMENTS.items()
    }


def _sign_agreement(
    values: np.ndarray, credit: Credit, signal: np.ndarray, confidence: float
) -> Interval | None:
    if not signal.any():
        return None
    agrees = signal & (np.sign(values) == np.sign(credit.token_advantages.numpy()))
    return _ratio(_by_group(agrees, credit), _by_group(signal, credit), confidence)


def _by_group(values: np.ndarray, credit: Credit) -> np.ndarray:
    """Sums over each group's tokens; `[groups]`."""
    owners = credit.groups[credit.rows].numpy()
    size = int(credit.groups.max()) + 1 if len(credit.groups) else 0
    return np.bincount(owners, weights=values, minlength=size)


def _ratio(part: np.ndarray, whole: np.ndarray, confidence: float) -> Interval:
    groups = [str(group) for group in range(len(part))]
    return cluster_ratio(part, whole, groups, confidence=confidence)


def known(ratio: Interval) -> Interval | None:
    """A ratio; None where it is nothing over nothing."""
    return None if np.isnan(ratio.value) else ratio
