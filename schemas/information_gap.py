"""The effect of the privileged context on the teacher, measured on real rollouts.

Sources: Theorem 1 and Proposition 1 of arXiv 2604.03128; definitions in
`rlsd_pipeline/diagnostics/`.
"""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from schemas.interval import Interval
from schemas.record import NonEmpty, Record


class InformationGap(Record):
    """The effect of the reference on the teacher in one iteration's rollouts; one document.

    The references of a problem are the answers of its own group, in their proportions. They
    estimate the policy's distribution over answers. A jackknife over the group's rollouts removes
    the bias of so small a sample to first order.
    """

    policy: NonEmpty
    """Digest of the student."""

    teacher: NonEmpty
    """Digest of the teacher."""

    rollouts: Annotated[int, Field(ge=0)]
    """Number of measured responses."""

    problems: Annotated[int, Field(ge=0)]
    """Number of their problems, which are the units of the intervals."""

    references_per_problem: float
    """Mean number of different answers in a group."""

    support_size: Annotated[int, Field(ge=1)]
    """Entries kept of a distribution; the rest is one bucket, so I is a lower bound."""

    information_per_token: Interval
    """I(Y_t; R | X, Y<t): the part of the objective that no student can remove; nats a token."""

    information_per_response: Interval
    """The same summed over a response; nats."""

    reducible_per_token: Interval
    """L*: forward KL of the marginal teacher to the student; nats a token."""

    irreducible_share: Interval | None
    """I / (L* + I); null if teacher and student agree everywhere."""

    deviation_ratio: Interval | None
    """ρ of Proposition 1, E‖δ‖² / E‖g‖², at the logits; null if they agree everywhere."""

    shift_total: Interval
    """Total variation between the teacher with and without its reference; per token, in [0, 1]."""

    shift_content: Interval
    """Total variation between the teacher with its reference and with another problem's: the effect
    of the content."""

    shift_presence: Interval
    """Total variation between the teacher with another problem's reference and without any: the
    effect of the mere presence."""

    content_share: Interval | None
    """shift_content / (shift_content + shift_presence); null if no reference moves the teacher."""

    example: ClassVar[dict[str, Any]] = {
        "policy": "5f2c8a0e9b1d4f67",
        "teacher": "5f2c8a0e9b1d4f67",
        "rollouts": 128,
        "problems": 16,
        "references_per_problem": 2.5,
        "support_size": 446,
        **{
            name: {"value": 0.25, "low": 0.125, "high": 0.5}
            for name in (
                "information_per_token",
                "information_per_response",
                "reducible_per_token",
                "irreducible_share",
                "deviation_ratio",
                "shift_total",
                "shift_content",
                "shift_presence",
                "content_share",
            )
        },
    }
