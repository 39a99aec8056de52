"""The effect of the privileged context on the teacher, measured on real rollouts.

Sources: Theorem 1 and Proposition 1 of arXiv 2604.03128; definitions in
`rlsd_pipeline/diagnostics/`.
"""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from schemas.record import NonEmpty, Record
from schemas.weighting_comparison import Interval


class InformationGap(Record):
    """One iteration's rollouts under every reference that could have been shown; one document.

    The references of a problem are the answers of its own group, in their proportions: what the
    answer could have been as far as the policy knows. The bias of so small a sample of it is
    removed to first order, by the jackknife over the group's rollouts.
    """

    policy: NonEmpty
    """Digest of the student."""

    teacher: NonEmpty
    """Digest of the teacher."""

    rollouts: Annotated[int, Field(ge=0)]
    """Responses measured on."""

    problems: Annotated[int, Field(ge=0)]
    """Their problems, over which the intervals are."""

    references_per_problem: float
    """Mean number of different answers in a group."""

    support_size: Annotated[int, Field(ge=1)]
    """Entries of a distribution that were kept; the rest is one bucket, so I is a lower bound."""

    information_per_token: Interval
    """I(Y_t; R | X, Y<t): the part of the objective that no student can remove; nats a token."""

    information_per_response: Interval
    """The same summed over a response; nats."""

    reducible_per_token: Interval
    """L*: forward KL of the marginal teacher to the student; nats a token."""

    irreducible_share: Interval | None
    """I / (L* + I); null where teacher and student agree everywhere."""

    deviation_ratio: Interval | None
    """ρ of Proposition 1, E‖δ‖² / E‖g‖², at the logits; null where they agree everywhere."""

    shift_total: Interval
    """Total variation of the teacher with its reference against none; in [0, 1], a token."""

    shift_content: Interval
    """The same against another problem's reference: what its content does."""

    shift_presence: Interval
    """Another problem's reference against none: what the mere presence of one does."""

    content_share: Interval | None
    """shift_content / (shift_content + shift_presence); null where no reference moves it."""

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
