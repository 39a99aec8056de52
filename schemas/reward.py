"""The verdict on a rollout, its reward, and its advantage within the group."""

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import ConfigDict, Field, FiniteFloat

from schemas.record import MoreFields, NonEmpty, NullExactlyWhen, Record


class Verdict(StrEnum):
    """The outcome of verifying one response; every way to end has a name of its own."""

    CORRECT = "correct"
    """The extracted answer equals the gold answer."""

    INCORRECT = "incorrect"
    """An answer was extracted, and it is another one."""

    UNPARSED = "unparsed"
    """The response ended by itself, but no answer could be read from it."""

    TRUNCATED = "truncated"
    """The token limit was reached before an answer."""

    UNVERIFIED = "unverified"
    """Nothing was verified here: the reward was given by another trainer."""

    NO_REWARD = "no_reward"
    """The log of another trainer has no reward for this response, and the log's count."""

    VERIFIER_ERROR = "verifier_error"
    """The verifier itself failed: nothing is known about the response."""


class Reward(Record):
    """The reward R of one rollout, and its standardised advantage.

    The table is shared by arms whose advantages are of another kind: those are computed from the
    rewards where tokens are weighed.

    R = Σ weight · part. Beside the fields stands `reward_NAME` for each part of a reward that is
    more than accuracy and format: what the part gave, before its weight; null where it gave none.
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
    """Its problem, which names the group the advantage is relative to."""

    verdict: Verdict
    """What the verifier found."""

    extracted: str | None
    """The answer read from the response; null where none could be."""

    format_ok: bool
    """Whether the response keeps the format the prompt asks for."""

    reward: FiniteFloat | None
    """R, unitless. Null exactly when the verifier failed, or a log has none: neither is a zero."""

    advantage: FiniteFloat
    """(R − mean) / (std + 1e-6) over the group, whatever the arm declares as its advantages; 0
    without variance and where there is no reward."""

    example: ClassVar[dict[str, Any]] = {
        "rollout_id": "easy_vqa/train/17#0",
        "problem_id": "easy_vqa/train/17",
        "verdict": Verdict.CORRECT,
        "extracted": "no",
        "format_ok": True,
        "reward": 1.0,
        "advantage": 0.75,
    }
