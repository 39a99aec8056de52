"""Bias and noise of a method's gradient, from products of different problems of one batch.

    G = sum_i g_i          a batch's gradient, by problem
    |E G|²  ~  n / (n - 1) sum_{i≠j} ⟨g_i, g_j⟩
    share   = |E G|² / |G|²
    cosine  = ⟨E G, E G*⟩ / (|E G| |E G*|),   ⟨E G, E G*⟩ ~ n / (n - 1) sum_{i≠j} ⟨g_i, g*_j⟩

G* is the gradient of the measured advantages. No product pairs a problem with itself, since its
rollouts and the noise of its token values would agree with themselves. Problems are the units, so
noise includes the variation over problems and over their rollouts (docs/method.md, eq. 26).
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rlsd_pipeline.statistics.bootstrap import accelerated, cluster_draws, percentiles
from schemas.gradient_comparison import MethodSignal
from schemas.weighting_comparison import Interval

RESAMPLES = 10_000


class Products(NamedTuple):
    """Inner products between the problems' parts of a batch's gradient.

    Attributes:
        own: Products of one method with itself; float64, `[problems, problems]`.
        reference: Products of the reference with itself; None without one.
        cross: Products of the method, by rows, with the reference.
        kept: Numbers kept of each gradient.
    """

    own: np.ndarray
    reference: np.ndarray | None
    cross: np.ndarray | None
    kept: int


class Signal(NamedTuple):
    """The signal and noise of a batch's gradient.

    Attributes:
        cosine: Cosine of the mean gradient with the reference's; None where it is not known.
        share: Share of the batch's squared norm; None where the gradient is 0.
        prompts: For a share of one half; None where no signal is seen.
    """

    cosine: Interval | None
    share: Interval | None
    prompts: float | None


def signal(products: Products, confidence: float, seed: int = 0) -> Signal:
    """Bias and noise of one method.

    Args:
        products: Between its problems' gradients, and those of the reference.
        confidence: Of the intervals, which are of a bootstrap over problems, made wider for few of
            them: percentiles, for the share accelerated ones (BCa), since its spread falls the
            nearer it is to 1. In a draw, a problem drawn twice is no pair with itself.
        seed: Seed of the bootstrap.
    """
    problems = len(products.own)
    if problems < 2 or not products.own.any():
        return Signal(None, None, None)
    draws = cluster_draws(problems, RESAMPLES, seed).toarray().astype(np.float64)
    weights = np.concatenate([np.ones((1, problems)), draws])
    mean, shares = _shares(products.own, weights)
    _, without = _shares(products.own, 1 - np.eye(problems))
    share = accelerated(float(shares[0]), shares[1:], without, confidence, problems)
    cosine = None
    if products.cross is not None and products.reference is not None:
        along = agreement(products.cross, weights)
        square = mean * agreement(products.reference, weights)
        known = (mean > 0) & (square > 0)
        cosines = np.where(known, along / np.sqrt(np.where(known, square, 1.0)), np.nan)
        if known[0]:
            cosine = percentiles(float(cosines[0]), cosines[1:], confidence, problems)
    value = share.value
    prompts = max(0.0, problems * (1 - value) / value) if value > 0 else None
    return Signal(cosine, share, prompts)


def _shares(own: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The squared norm of the mean gradient, and its share; `[draws]` each."""
    problems = len(own)
    mean = agreement(own, weights)
    single = weights @ np.diag(own) / weights.sum(1)
    whole = mean + (single - mean) / problems
    return mean, np.where(whole > 0, mean / np.where(whole > 0, whole, 1.0), np.nan)


def agreement(products: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean product of two different problems: what they agree on, without either's noise.

    Args:
        products: `[problems, problems]`.
        weights: How often each problem is drawn; `[draws, problems]`.

    Returns:
        `[draws]`; nan of a draw that has one problem only.
    """
    pairs = ((weights @ products) * weights).sum(1) - weights**2 @ np.diag(products)
    count = weights.sum(1) ** 2 - (weights**2).sum(1)
    found: np.ndarray = np.where(count > 0, pairs / np.where(count > 0, count, 1.0), np.nan)
    return found


def gradient_signal(
    products: Mapping[str, Products], compared_with: str, *, rollouts: int, confidence: float
) -> list[MethodSignal]:
    """The same of every method, in the given order.

    Args:
        products: Method -> inner products.
        compared_with: The method whose signal share the others' rollouts are to reach.
        rollouts: Rollouts of the batch.
        confidence: Confidence of the intervals.
    """
    found = {name: signal(each, confidence) for name, each in products.items()}
    base = found[compared_with].prompts
    return [
        MethodSignal(
            method=name,
            cosine=one.cosine,
            share=one.share,
            prompts_needed=one.prompts,
            rollouts_needed=None
            if one.prompts is None or not base
            else rollouts * one.prompts / base,
        )
        for name, one in found.items()
    ]
