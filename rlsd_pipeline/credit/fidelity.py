"""Credit fidelity: how close a method's credit comes to the true advantages.

    A*_t = V_t - V_{t-1}                                   true advantage of a token or span
    fidelity(c) = ⟨c, (Â¹ + Â²)/2⟩ / (‖c‖ sqrt⟨Â¹, Â²⟩)    1 is perfect; scaling c changes nothing

V_t is the mean reward of continuations, measured twice. Â¹ and Â² are independent given the
responses, so no product contains the square of an estimate, which would add its own noise. Problems
are the units of every interval. Source: VinePPO (arXiv 2410.01679) for A*; the cosine is this
project's (docs/method.md, eq. 24 and 25).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import sparse

from rlsd_pipeline.credit.comparison import within_responses
from rlsd_pipeline.statistics.bootstrap import (
    cluster_draws,
    effective_number,
    percentiles,
    small_sample_p,
)
from schemas import Interval

RESAMPLES = 10_000


@dataclass(frozen=True)
class MeasuredAdvantages:
    """True advantages of spans, measured twice.

    Attributes:
        first: V̂¹ at a span's end less V̂¹ at its start; `[spans]`.
        second: The same of the other half of the continuations; `[spans]`.
        starts: Flat index of a span's first token, over all responses; `[spans]`.
        ends: One past its last token; `[spans]`.
        rows: Index of its rollout; `[spans]`.
        groups: Index of its problem, from 0; `[spans]`.
    """

    first: np.ndarray
    second: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    rows: np.ndarray
    groups: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """(Â¹ + Â²) / 2; `[spans]`."""
        return (self.first + self.second) / 2

    def of_spans(self, credit: np.ndarray) -> np.ndarray:
        """A credit of tokens as one of spans: the sum over each; `[spans]`.

        Args:
            credit: Credit of every token of the table; `[tokens]`.
        """
        until = np.concatenate([[0.0], np.cumsum(credit, dtype=np.float64)])
        return until[self.ends] - until[self.starts]

    def of_tokens(self, tokens: int) -> np.ndarray:
        """The mean of both halves at each token of its span, 0 at tokens of none; `[tokens]`.

        Args:
            tokens: Tokens of the table.
        """
        spread = np.zeros(tokens)
        lengths = self.ends - self.starts
        before = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        places = np.repeat(self.starts - before, lengths) + np.arange(lengths.sum())
        spread[places] = np.repeat(self.mean, lengths)
        return spread

    def where(self, chosen: np.ndarray) -> "MeasuredAdvantages":
        """The spans of a mask; problems keep their index."""
        return replace(self, **{name: value[chosen] for name, value in vars(self).items()})

    def within_responses(self) -> "MeasuredAdvantages":
        """Both halves less their mean over the response: which of its spans counted."""
        return replace(
            self,
            first=within_responses(self.first, self.rows),
            second=within_responses(self.second, self.rows),
        )


class Fidelity(NamedTuple):
    """How near a credit comes.

    Attributes:
        value: The fidelity with its interval; None where nothing is known of it: the credit is 0
            everywhere, or the two halves do not agree on any advantage.
        difference: To the method compared with, with its interval; None for that method.
        p_value: Two-sided, for no difference; not corrected for the number of methods.
    """

    value: Interval | None
    difference: Interval | None = None
    p_value: float | None = None


def fidelities(
    credits: Mapping[str, np.ndarray],
    measured: MeasuredAdvantages,
    compared_with: str,
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, Fidelity]:
    """The fidelity of each method, and its paired difference to one of them.

    Args:
        credits: Method -> its credit of every span; `[spans]`.
        measured: The advantages.
        compared_with: Name of a method; without it there are no differences. Where its credit is 0
            everywhere, as GRPO's is within responses, it counts as one of fidelity 0.
        confidence: Of the intervals, which are percentiles of a bootstrap over problems, made
            wider where few problems have advantages: a problem counts by the squared length of what
            was measured of it.
        seed: Seed of the bootstrap.

    Returns:
        Method -> fidelity, in the given order. With one problem the intervals are unbounded.
    """
    groups = int(measured.groups.max()) + 1 if len(measured.groups) else 0
    agreed = _by_group(measured.first * measured.second, measured, groups)
    draws = cluster_draws(groups, RESAMPLES, seed) if groups > 1 else None
    weights = _by_group((measured.first**2 + measured.second**2) / 2, measured, groups)
    effective = effective_number(weights) if weights.any() else 0.0
    found: dict[str, _Resampled | None] = {}
    for name, credit in credits.items():
        along = _by_group(credit * measured.mean, measured, groups)
        found[name] = _resampled(along, _by_group(credit**2, measured, groups), agreed, draws)
    base = found.get(compared_with)
    if compared_with in credits and not credits[compared_with].any():
        base = _Resampled(0.0, np.zeros(0 if draws is None else draws.shape[0]))
    return {
        name: _summary(one, None if name == compared_with else base, effective, confidence)
        for name, one in found.items()
    }


def reliability(measured: MeasuredAdvantages) -> float | None:
    """Cosine of the two halves: how much of one is signal; None where one is 0."""
    norm = float(np.linalg.norm(measured.first) * np.linalg.norm(measured.second))
    return float(measured.first @ measured.second) / norm if norm > 0 else None


class _Resampled(NamedTuple):
    """A fidelity, and that of each bootstrap draw; nan in draws that know nothing of it."""

    value: float
    draws: np.ndarray


def _by_group(products: np.ndarray, measured: MeasuredAdvantages, groups: int) -> np.ndarray:
    return np.bincount(measured.groups, weights=products, minlength=groups)


def _resampled(
    along: np.ndarray, square: np.ndarray, agreed: np.ndarray, draws: sparse.csr_array | None
) -> _Resampled | None:
    value = _angle(along.sum(), square.sum(), agreed.sum())
    if not np.isfinite(value):
        return None
    if draws is None:
        return _Resampled(float(value), np.zeros(0))
    sums = draws @ np.stack([along, square, agreed], axis=1)
    return _Resampled(float(value), _angle(*sums.T))


def _angle(along: np.ndarray, square: np.ndarray, agreed: np.ndarray) -> np.ndarray:
    """Inner product over both lengths; nan where a length is not known to be above 0."""
    known = (square > 0) & (agreed > 0)
    lengths = np.sqrt(np.where(known, square * agreed, 1.0))
    angle: np.ndarray = np.where(known, along / lengths, np.nan)
    return angle


def _summary(
    one: _Resampled | None, base: _Resampled | None, problems: float, confidence: float
) -> Fidelity:
    if one is None:
        return Fidelity(None)
    value = percentiles(one.value, one.draws, confidence, problems)
    if base is None:
        return Fidelity(value)
    differences = one.draws - base.draws
    difference = percentiles(one.value - base.value, differences, confidence, problems)
    return Fidelity(value, difference, _p_value(differences, problems))


def _p_value(differences: np.ndarray, problems: float) -> float | None:
    """The level at which the interval of a difference would end at 0."""
    known = differences[~np.isnan(differences)]
    if not len(known):
        return None
    beyond = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return small_sample_p(min((beyond + 1) / (len(known) + 1), 0.5), problems)
