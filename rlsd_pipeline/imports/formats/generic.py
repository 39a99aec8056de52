"""Any JSON Lines or Parquet, by the names of its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from rlsd_pipeline.config.strict import nearest
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.imports.rollout_format import (
    Place,
    RolloutFormat,
    answer_of,
    asked,
    said,
    whole_number,
)
from rlsd_pipeline.imports.row import UnusableError
from schemas import FinishReason

_FINISH = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "truncated": FinishReason.LENGTH,
    "true": FinishReason.LENGTH,
    "false": FinishReason.STOP,
}


class Generic(RolloutFormat):
    """A table whose columns are named here; null means that the table has no such column."""

    type: Literal["generic"] = "generic"

    patterns = ("*.jsonl", "*.parquet")
    described = "any JSON Lines or Parquet with declared columns"

    prompt: str | None = "prompt"
    """Text, or messages of a system and a user."""

    completion: str | None = "completion"
    """Text, or one message of the assistant."""

    prompt_ids: str | None = None
    """Token ids of the prompt."""

    completion_ids: str | None = None
    """Token ids of the response, with its end token."""

    logprobs: str | None = None
    """Log-probabilities of the response's tokens, in nats."""

    reward: str | None = None
    """The reward."""

    advantage: str | None = None
    """The response's advantage."""

    group: str | None = None
    """Value that the responses of a group share; null groups responses by prompt."""

    answer: str | None = None
    """The gold answer."""

    images: str | None = None
    """One image or several: encoded bytes, base64, or paths below the log's folder."""

    step: str | None = None
    """The trainer's step."""

    finish_reason: str | None = None
    """`stop` or `length`, or whether the response was truncated."""

    @model_validator(mode="after")
    def _names_a_response(self) -> Self:
        if self.completion is None and self.completion_ids is None:
            raise ValueError("name the column of the response: `completion` or `completion_ids`")
        if self.prompt is None and self.prompt_ids is None:
            raise ValueError("name the column of the prompt: `prompt` or `prompt_ids`")
        return self

    def read(self, record: Mapping[str, Any], place: Place) -> Iterator[dict[str, Any]]:
        """One row."""
        found = {name: self._value(record, name) for name in _COLUMNS}
        if found["prompt"] is None and found["prompt_ids"] is None:
            raise UnusableError("no prompt")
        if found["completion_ids"] is None or found["completion"] is not None:
            found["completion"] = said(found["completion"])
        if not (found["completion"] or found["completion_ids"]):
            raise UnusableError("no response")
        finish = found.pop("finish_reason")
        prompt = found.pop("prompt")
        yield (
            found
            | (asked(prompt) if prompt is not None else {})
            | {
                "group": None if found["group"] is None else str(found["group"]),
                "answer": answer_of(found["answer"]),
                "finish_reason": None if finish is None else _FINISH.get(str(finish).lower()),
                "images": self._images(found["images"], place),
            }
        )

    def names_step(self, record: Mapping[str, Any]) -> bool:
        """Whether a column is declared."""
        return self.step is not None

    def step_of(self, record: Mapping[str, Any], place: Place) -> int | None:
        """The value of the step column, if one is named."""
        return whole_number(self._value(record, "step"))

    def require(self, record: Mapping[str, Any]) -> None:
        """Refuse a column that is declared and not there; the two that are by default may lack."""
        from rlsd_pipeline.imports.recognised import alike

        lacking = [n for n in ("prompt", "completion") if getattr(self, n) == n]
        for name in _COLUMNS:
            column = getattr(self, name)
            if column is not None and column not in record and name not in lacking:
                known = nearest(column, list(record), "columns")
                raise DataError(f"{self.path}, {name}: no column {column!r}: {known}{alike(self)}")

    def _value(self, record: Mapping[str, Any], name: str) -> Any:
        column = getattr(self, name)
        return None if column is None else record.get(column)

    def _images(self, given: Any, place: Place) -> list[bytes]:
        from rlsd_pipeline.data.image_values import image_values, read_image

        folder = place.file.parent
        try:
            return [
                read_image(value, Path(folder), place.file.name, index)
                for index, value in enumerate(image_values(given))
            ]
        except DataError as error:
            raise UnusableError("an image that cannot be read") from error


_COLUMNS = (
    "prompt",
    "completion",
    "prompt_ids",
    "completion_ids",
    "logprobs",
    "reward",
    "advantage",
    "group",
    "answer",
    "images",
    "step",
    "finish_reason",
)
