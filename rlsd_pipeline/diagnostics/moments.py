"""Entropy, length and distance to the teacher from one table of log-probabilities."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from rlsd_pipeline.artifacts.validation import contiguous
from rlsd_pipeline.update.importance import LARGEST_LOG_RATIO


class Moments(NamedTuple):
    """Means over the tokens of one iteration's rollouts.

    Attributes:
        entropy: -mean log π_S of the sampled tokens, an unbiased estimate; nats a token.
        length: Tokens a response.
        k1: Mean of log π_S - log π_T over the tokens a teacher scored, the plain estimate of the
            on-policy reverse KL; nats a token, None without a teacher.
        k1_per_response: The same summed over a response; nats.
        k3: Mean of exp(Δ) - 1 - Δ, an estimate of the same that is never negative; nats a token.
    """

    entropy: float
    length: float
    k1: float | None = None
    k1_per_response: float | None = None
    k3: float | None = None


def table_moments(logprobs: pa.Table) -> Moments:
    """The moments of the columns `student_logprobs` and `teacher_logprobs`."""
    lists, asked = (contiguous(logprobs[name]) for name in ("student_logprobs", "teacher_logprobs"))
    student, lengths = lists.flatten().to_numpy(), lists.value_lengths().to_numpy()
    if not len(student):
        return Moments(entropy=0.0, length=0.0)
    plain = Moments(entropy=float(-student.mean()), length=float(lengths.mean()))
    scored = asked.is_valid().to_numpy(zero_copy_only=False)
    gain = asked.flatten().to_numpy().astype(np.float64) - student[scored.repeat(lengths)]
    if not len(gain):
        return plain
    return plain._replace(
        k1=float(-gain.mean()),
        k1_per_response=float(-gain.sum() / scored.sum()),
        k3=float(np.mean(k3_estimate(gain))),
    )


def k3_estimate(log_ratios: np.ndarray) -> np.ndarray:
    """exp(Δ) - 1 - Δ, never negative; the exponent is held as an importance ratio's is.

    Args:
        log_ratios: Δ of each token, nats; `[tokens]`.
    """
    return np.expm1(log_ratios.clip(max=LARGEST_LOG_RATIO)) - log_ratios
