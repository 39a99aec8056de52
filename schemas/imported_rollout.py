"""Rows and counts of an import: another trainer's log, beside the responses themselves."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, FiniteFloat

from schemas.record import MoreFields, NonEmpty, Record


class TokenSource(StrEnum):
    """Where the token ids of a row come from."""

    GIVEN = "given"
    """The log holds them."""

    TOKENIZER = "tokenizer"
    """The text was put into tokens again, by the declared model's tokenizer."""

    WORDS = "words"
    """Without a tokenizer: each word is a token of this table alone."""


class ImportedRollout(Record):
    """One row of the log that became a rollout.

    Beside the fields stands `reward_NAME` for each part of the reward that the log tells apart.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, FiniteFloat | None] = Field(init=False)
    more: ClassVar[MoreFields | None] = MoreFields(
        "reward_", "A part of the reward as the log has it; null where it has none."
    )

    key: ClassVar[tuple[str, ...]] = ("rollout_id",)

    rollout_id: NonEmpty
    """The rollout that the row became."""

    file: NonEmpty
    """Name of the file of the log."""

    row: Annotated[int, Field(ge=0)]
    """Which of its rows, from 0."""

    step: int | None
    """The trainer's step, where the log says it."""

    tokens: TokenSource
    """Where `completion_ids` come from."""

    prompt_tokens: TokenSource
    """Where `prompt_ids` come from."""

    finish_given: bool
    """Whether the log says why sampling ended. Otherwise a response is taken for cut where it
    reaches `sampling.max_tokens`."""

    reward: FiniteFloat | None
    """The reward as the log has it."""

    advantage: FiniteFloat | None
    """The response's advantage as the log has it."""

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
    """What became of the rows of a log."""

    format: NonEmpty
    """The log's format."""

    step: int | None
    """The trainer's step that was taken; null where the log names none."""

    rows: Annotated[int, Field(ge=0)]
    """Rows of that step."""

    rollouts: Annotated[int, Field(ge=0)]
    """Rows that became rollouts."""

    unusable: dict[str, int]
    """Rows that could not be used, by the reason."""

    first_unusable: dict[str, str]
    """File and row of the first of each."""

    groups: Annotated[int, Field(ge=0)]
    """Groups of responses to one prompt."""

    smallest_group: Annotated[int, Field(ge=0)]
    """Responses of the smallest group."""

    largest_group: Annotated[int, Field(ge=0)]
    """Responses of the largest group."""

    tokens: dict[str, int]
    """Rollouts by where their token ids come from."""

    with_logprobs: Annotated[int, Field(ge=0)]
    """Rollouts whose tokens' log-probabilities the log holds."""

    with_reward: Annotated[int, Field(ge=0)]
    """Rollouts whose reward the log holds."""

    with_finish: Annotated[int, Field(ge=0)]
    """Rollouts whose log says why sampling ended."""

    advantage_sign: Annotated[float, Field(ge=0, le=1)] | None
    """Share of the rollouts whose logged advantage has the sign that their rewards give within the
    group; null where the log holds no advantages. Far from 1, the rewards were read wrongly."""

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
