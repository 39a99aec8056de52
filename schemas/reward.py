"""The verdict on a rollout, its reward, and its advantage within the group."""

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import ConfigDict, Field, FiniteFloat

from schemas.record import MoreFields, NonEmpty, NullExactlyWhen, Record


class Verdict(StrEnum):
    """The outcome of verifying one response."""

    CORRECT = "correct"
    """The extracted answer equals the gold answer."""

    INCORRECT = "incorrect"
    """The extracted answer differs from the gold answer."""

    UNPARSED = "unparsed"
    """The response ended by itself, and no answer could be read from it."""

    TRUNCATED = "truncated"
    """The token limit was reached before an answer."""

    UNVERIFIED = "unverified"
    """The response was not verified; another trainer gave the reward."""

    NO_REWARD = "no_reward"
    """The logged rewards count, and the log has none for this response."""

    VERIFIER_ERROR = "verifier_error"
    """The verifier failed; nothing is known about the response."""


class Reward(Record):
    """The reward R of one rollout, and its standardised advantage.

    Arms with other advantage estimators share this table; their advantages are computed from the
    rewards when tokens are weighed.

    R = Σ weight · part. If a reward has more parts than accuracy and format, a further field
    `reward_NAME` holds each part before its weight; null if the part gave nothing.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, FiniteFloat | None] = Field(init=False)
    more: ClassVar[MoreFields | None] = MoreFields(
        "reward_", "A part of the reward, before its weight; null where it gave nothing."
    )

    key: ClassVar[tuple[str, ...]] = ("rollout_id",)
    rules: ClassVar[tuple[NullExactlyWhen, ...]] = (
        NullExactlyWhen("reward", "verdict", (Verdict.VERIFIER_ERROR, Verdict.NO_REWARD)),
    )

    rollout_id: NonEmpty
    """The rollout that was judged."""

    problem_id: NonEmpty
    """The problem, which names the group of the advantage."""

    verdict: Verdict
    """The verifier's verdict."""

    extracted: str | None
    """The answer that was read from the response; null if none could be read."""

    format_ok: bool
    """Whether the response has the format that the prompt requests."""

    reward: FiniteFloat | None
    """R, unitless. Null exactly if the verifier failed or an imported log has no reward; neither
    counts as 0."""

    advantage: FiniteFloat
    """(R − mean) / (std + 1e-6) over the group, for any declared estimator; 0 without variance or
    without a reward."""

    example: ClassVar[dict[str, Any]] = {
        "rollout_id": "easy_vqa/train/17#0",
        "problem_id": "easy_vqa/train/17",
        "verdict": Verdict.CORRECT,
        "extracted": "no",
        "format_ok": True,
        "reward": 1.0,
        "advantage": 0.75,
    }
