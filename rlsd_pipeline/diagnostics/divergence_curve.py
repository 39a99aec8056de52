"""Distance to the teacher, entropy and length by iteration, and where the distance stalls.

Tokens come flat, with row offsets as in a Parquet list column: rollout i owns the values
`offsets[i]` to `offsets[i + 1]`. Both log-probabilities are of the tokens the student sampled, at
the temperature it sampled them with; with top-p or top-k sampling nothing here is unbiased.

    k1  log π_S - log π_T              unbiased for KL(π_S ‖ π_T), of either sign
    k3  π_T/π_S - 1 - log(π_T/π_S)     unbiased for the same, never negative, heavier tailed

Source: J. Schulman, "Approximating KL divergence" (2020), for k1 and k3; docs/method.md, eq. 13.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from rlsd_pipeline.diagnostics.moments import k3_estimate
from rlsd_pipeline.evaluation.bootstrap import cluster_ratio
from rlsd_pipeline.evaluation.intervals import Estimate


class OnPolicyDivergence(NamedTuple):
    """KL(π_S ‖ π_T) from sampled tokens, in nats, with intervals over problems.

    Attributes:
        k1_per_token: Mean of k1 over all tokens of all rollouts.
        k3_per_token: Mean of k3 over the same.
        k1_per_response: Mean over rollouts of the sum of k1 over their tokens.
    """

    k1_per_token: Estimate
    k3_per_token: Estimate
    k1_per_response: Estimate


class PolicySpread(NamedTuple):
    """How undecided and how long the policy's responses are, with intervals over problems.

    Attributes:
        entropy_per_token: Minus the mean of log π_S over all sampled tokens, nats.
        entropy_per_response: Mean over rollouts of minus its sum, nats: unbiased for the entropy
            of the whole response, where the mean per token is a ratio of two random sums.
        tokens_per_response: Mean length of a response, its end token included.
    """

    entropy_per_token: Estimate
    entropy_per_response: Estimate
    tokens_per_response: Estimate


class Stall(NamedTuple):
    """Where a curve stopped to fall.

    Attributes:
        iteration: First iteration of the stall.
        level: Mean of the curve from there on, with a block bootstrap over iterations.
    """

    iteration: int
    level: Estimate


def on_policy_divergence(
    student_logprobs: np.ndarray,
    teacher_logprobs: np.ndarray,
    offsets: np.ndarray,
    problem_ids: Sequence[str],
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> OnPolicyDivergence:
    """KL(π_S ‖ π_T) of one iteration.

    Args:
        student_logprobs: log π_S of the sampled tokens, flat; `[all tokens]`.
        teacher_logprobs: log π_T of the same; `[all tokens]`.
        offsets: Row offsets from 0 to the number of tokens; `[rollouts + 1]`.
        problem_ids: The problem of each rollout; `[rollouts]`.
        confidence: Coverage of the intervals.
        seed: Of the bootstrap.

    Raises:
        ValueError: The arrays do not describe the same tokens.
    """
    if student_logprobs.shape != teacher_logprobs.shape:
        raise ValueError(
            f"student_logprobs {student_logprobs.shape} and teacher_logprobs "
            f"{teacher_logprobs.shape} must be about the same tokens"
        )
    gain = teacher_logprobs.astype(float) - student_logprobs.astype(float)
    k1, k3 = row_sums(-gain, offsets), row_sums(k3_estimate(gain), offsets)
    lengths = np.diff(offsets)
    mean = partial(cluster_ratio, problem_ids=problem_ids, confidence=confidence, seed=seed)
    return OnPolicyDivergence(
        k1_per_token=mean(k1, lengths),
        k3_per_token=mean(k3, lengths),
        k1_per_response=mean(k1, np.ones(len(k1))),
    )


def policy_spread(
    student_logprobs: np.ndarray,
    offsets: np.ndarray,
    problem_ids: Sequence[str],
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> PolicySpread:
    """Entropy and length of one iteration's responses; arguments as `on_policy_divergence`."""
    surprise, lengths = row_sums(-student_logprobs.astype(float), offsets), np.diff(offsets)
    ones = np.ones(len(lengths))
    mean = partial(cluster_ratio, problem_ids=problem_ids, confidence=confidence, seed=seed)
    return PolicySpread(
        entropy_per_token=mean(surprise, lengths),
        entropy_per_response=mean(surprise, ones),
        tokens_per_response=mean(lengths, ones),
    )


def row_sums(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The sum of each row of a flat array, 0 for an empty row; `[rollouts]`.

    Raises:
        ValueError: The offsets do not run from 0 to the number of values.
    """
    lengths = np.diff(offsets)
    if offsets[0] != 0 or offsets[-1] != len(values) or (lengths < 0).any():
        raise ValueError(
            f"offsets run from {offsets[0]} to {offsets[-1]}, and there are {len(values)} values"
        )
    # Not reduceat, which gives an empty row the first value of the next one.
    rows = np.repeat(np.arange(len(lengths)), lengths)
    return np.bincount(rows, weights=values, minlength=len(lengths))


def find_stall(
    iterations: Sequence[int],
    values: Sequence[float],
    *,
    smoothing: int = 5,
    window: int = 10,
    relative_fall: float = 0.05,
    noise_multiple: float = 3.0,
    confidence: float = 0.95,
    seed: int = 0,
) -> Stall | None:
    """The first iteration after which a curve falls no further.

    With s_i the mean of `smoothing` values from the i-th on, the curve stalls at the first i such
    that s_j - s_{j + window} ≤ relative_fall · |s_j| + noise for every j ≥ i that still has a whole
    window after it. A plateau the curve later leaves downwards is thus no stall; rising is no
    falling. The noise is `noise_multiple` times the standard deviation of a difference of two
    independent s; without it, a noisy curve would fall by chance until its end. What it hides, a
    fall slower than that, is not seen either: a wide interval of the level says so.

    Args:
        iterations: In order; `[iterations]`.
        values: The curve, such as `k3_per_token` by iteration; `[iterations]`.
        smoothing: Values averaged into one.
        window: Over how many iterations a fall is measured.
        relative_fall: The largest fall over a window that counts as none, relative to its start.
        noise_multiple: Standard deviations of the noise a fall must exceed besides; 0 for none.
        confidence: Coverage of the level's interval.
        seed: Of the bootstrap.

    Returns:
        The stall, or None if the curve still falls at its end or is shorter than
        smoothing + window.
    """
    curve = np.asarray(values, dtype=float)
    if len(curve) < smoothing + window:
        return None
    smooth = np.convolve(curve, np.full(smoothing, 1 / smoothing), mode="valid")
    before, after = smooth[:-window], smooth[window:]
    noise = noise_multiple * _noise(curve) * np.sqrt(2 / smoothing)
    # A hair's breadth for rounding: a fall of just the allowed amount is none.
    falls = np.flatnonzero(before - after > np.abs(before) * (relative_fall + 1e-12) + noise)
    start = int(falls[-1]) + 1 if len(falls) else 0
    if start == len(before):
        return None
    return Stall(iterations[start], _block_bootstrap_mean(curve[start:], confidence, seed))


def _noise(values: np.ndarray) -> float:
    """Robust standard deviation of one value around a curve that is straight at every place."""
    bends = np.diff(values, 2)
    # x_0 - 2 x_1 + x_2 of independent values has the variance 1 + 4 + 1.
    return float(1.4826 * np.median(np.abs(bends)) / np.sqrt(6)) if len(bends) else 0.0


def _block_bootstrap_mean(values: np.ndarray, confidence: float, seed: int) -> Estimate:
    """The mean with a circular block bootstrap: neighbouring iterations are not independent."""
    count = len(values)
    length = max(1, round(count ** (1 / 3)))
    starts = np.random.default_rng(seed).integers(0, count, (2000, -(-count // length)))
    places = (starts[:, :, None] + np.arange(length)).reshape(2000, -1)[:, :count] % count
    means = values[places].mean(1)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(float(values.mean()), float(low), float(high))
