"""The quantities of an iteration that have a curve."""

from typing import NamedTuple

from rlsd_pipeline.statistics.intervals import SHARE, UNBOUNDED, Bounds

PARTS = "rewards/reward_"
"""What the name of a part of the reward begins with."""


class Quantity(NamedTuple):
    """Something that has a curve.

    Attributes:
        number: Its name among an iteration's numbers.
        name: What the curve is called.
        unit: Unit of the axis.
        bounds: Between which every value lies.
    """

    number: str
    name: str
    unit: str
    bounds: Bounds = UNBOUNDED


QUANTITIES = (
    Quantity("rewards/reward", "reward", "mean reward"),
    Quantity("rewards/accuracy", "accuracy of the rollouts", "share", SHARE),
    Quantity("rollouts/response_length", "response length", "tokens"),
    Quantity("logprobs/entropy", "entropy", "nats a token"),
    Quantity("logprobs/teacher_kl", "KL to the teacher", "nats a token"),
    Quantity("policy_checkpoint/loss", "loss", "loss"),
    Quantity("policy_checkpoint/grad_norm", "gradient norm", "norm before clipping"),
    Quantity("policy_checkpoint/clip_fraction", "clip share", "share of tokens", SHARE),
    Quantity("token_values/advantage_size", "size of the true advantages", "reward"),
)
