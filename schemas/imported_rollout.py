"""Rows and counts of an import: another trainer's log, beside the responses themselves."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, FiniteFloat

from schemas.record import MoreFields, NonEmpty, Record


class TokenSource(StrEnum):
    """The source of a row's token ids."""

    GIVEN = "given"
    """The log holds them."""

    TOKENIZER = "tokenizer"
    """The text was put into tokens again, by the declared model's tokenizer."""

    WORDS = "words"
    """Without a tokenizer: each word is a token of this table alone."""


class ImportedRollout(Record):
    """One row of an imported log that became a rollout.

    A further field `reward_NAME` holds each part of the reward that the log has separately.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, FiniteFloat | None] = Field(init=False)
    more: ClassVar[MoreFields | None] = MoreFields(
        "reward_", "A part of the reward as the log has it; null where it has none."
    )

    key: ClassVar[tuple[str, ...]] = ("rollout_id",)

    rollout_id: NonEmpty
    """The rollout of the row."""

    file: NonEmpty
    """Name of the file of the log."""

    row: Annotated[int, Field(ge=0)]
    """Index of the row in the file, from 0."""

    step: int | None
    """The trainer's step; null if the log does not say it."""

    tokens: TokenSource
    """Source of `completion_ids`."""

    prompt_tokens: TokenSource
    """Source of `prompt_ids`."""

    finish_given: bool
    """Whether the log says why sampling ended. Otherwise a response counts as truncated if it
    reaches `sampling.max_tokens`."""

    reward: FiniteFloat | None
    """The reward in the log."""

    advantage: FiniteFloat | None
    """The response's advantage in the log."""

    example: ClassVar[dict[str, Any]] = {
        "rollout_id": "trl-5f2c8a0e9b1d4f67#0",
        "file": "completions_00002.parquet",
        "row": 0,
        "step": 2,
        "tokens": TokenSource.TOKENIZER,
        "prompt_tokens": TokenSource.TOKENIZER,
        "finish_given": False,
        "reward": 1.0,
        "advantage": 0.5,
    }


class ImportReport(Record):
    """The counts of an import: rows used, and rows not used by reason."""

    format: NonEmpty
    """The log's format."""

    step: int | None
    """The imported step of the trainer; null if the log has no steps."""

    rows: Annotated[int, Field(ge=0)]
    """Number of rows of that step."""

    rollouts: Annotated[int, Field(ge=0)]
    """Number of rows that became rollouts."""

    unusable: dict[str, int]
    """Reason -> number of rows that could not be used."""

    first_unusable: dict[str, str]
    """Reason -> file and row of the first such row."""

    groups: Annotated[int, Field(ge=0)]
    """Number of groups of responses to one prompt."""

    smallest_group: Annotated[int, Field(ge=0)]
    """Responses of the smallest group."""

    largest_group: Annotated[int, Field(ge=0)]
    """Responses of the largest group."""

    tokens: dict[str, int]
    """Source of token ids -> number of rollouts."""

    with_logprobs: Annotated[int, Field(ge=0)]
    """Number of rollouts with log-probabilities in the log."""

    with_reward: Annotated[int, Field(ge=0)]
    """Number of rollouts with a reward in the log."""

    with_finish: Annotated[int, Field(ge=0)]
    """Number of rollouts for which the log says why sampling ended."""

    advantage_sign: Annotated[float, Field(ge=0, le=1)] | None
    """Share of the rollouts whose logged advantage has the sign of their reward's advantage within
    the group; null if the log has no advantages. A share far from 1 means that the rewards were
    read wrongly."""

    example: ClassVar[dict[str, Any]] = {
        "format": "trl",
        "step": 2,
        "rows": 16,
        "rollouts": 15,
        "unusable": {"no response": 1},
        "first_unusable": {"no response": "completions_00002.parquet, row 3"},
        "groups": 4,
        "smallest_group": 3,
        "largest_group": 4,
        "tokens": {"tokenizer": 15},
        "with_logprobs": 0,
        "with_reward": 15,
        "with_finish": 0,
        "advantage_sign": 1.0,
    }
