"""Truncated importance sampling between engines (docs/method.md, eq. 23).

    u_t = min(exp(student_logprobs_t - rollout_logprobs_t), cap)

With the same weights, two engines give a token slightly different probabilities, and the tokens
come from the sampling engine. The weight turns the mean over them into one under the training
engine. The cap bounds the variance that a single token may add.
"""

from torch import Tensor

from rlsd_pipeline.update.importance import importance_ratio


def engine_ratios(student_logprobs: Tensor, rollout_logprobs: Tensor) -> Tensor:
    """Probability of each token as scored over that as sampled; `[tokens]`.

    Args:
        student_logprobs: Under the sampling weights, by the engine that trains; nats, `[tokens]`.
        rollout_logprobs: Of the same tokens, as the engine that sampled reported; nats, `[tokens]`.
    """
    return importance_ratio(student_logprobs, rollout_logprobs)


def engine_weights(ratios: Tensor, cap: float) -> Tensor:
    """The weight of each token's loss; `[tokens]`."""
    return ratios.clamp(max=cap)


def engine_metrics(ratios: Tensor, cap: float | None) -> dict[str, float]:
    """How far the engines are apart, and what the correction costs.

    Args:
        ratios: Ratios of all tokens of the table; `[tokens]`.
        cap: Bound of the weights; None where nothing is corrected, and the ratios are taken.

    Returns:
        Mean and largest ratio before the cap, and the effective sample size of the weights as a
        share of the tokens: (Σw)² / (n Σw²), 1 where all weigh the same.
    """
    if not len(ratios):
        return {}
    weights = (ratios if cap is None else engine_weights(ratios, cap)).double()
    share = weights.sum().square() / (len(weights) * weights.square().sum())
    return {
        "engine_ratio_mean": ratios.double().mean().item(),
        "engine_ratio_max": ratios.max().item(),
        "engine_effective_sample_size": share.item(),
    }
