"""Stored responses of a model, as JSON lines.

    {"id": "7", "response": "The answer is 12.", "finish_reason": "length"}
    {"id": "8", "extraction": "12", "sample_index": 1}

Keys: `id`, and `response` or `extraction`, which is an answer that was read from the response
already and is not read again; where there is something to say `sample_index`, and `truncated` or
`finish_reason`. Other keys mean nothing here. Numbers may stand for strings.
"""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic import ValidationError as Invalid

from rlsd_pipeline.config.strict import describe
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.scoring import LONGEST_RESPONSE, Prediction

_LONGEST_LINE = 64 * 2**20
"""Bytes; a longer line is refused before it is all in memory."""


def _bounded(text: str) -> str:
    # Beyond its limit a response is not read, so that the rest need not be kept; half of a
    # surrogate pair is no character and could not be written again.
    return text[: LONGEST_RESPONSE + 1].encode("utf-8", "replace").decode()


_Said = Annotated[str, AfterValidator(_bounded)]


class _Row(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    response: _Said | None = None
    extraction: _Said | None = None
    sample_index: int = Field(default=0, ge=0)
    truncated: bool | None = None
    finish_reason: str | None = None


class _Place(NamedTuple):
    problem_id: str
    sample_index: int


def read_predictions(path: Path, problem_ids: Collection[str]) -> list[Prediction]:
    """The predictions of a file, in its order; every question has at least one.

    A null response is an empty one: the model said nothing.

    Args:
        path: The file.
        problem_ids: The questions that were asked.

    Raises:
        DataError: A line is no prediction, speaks of an unknown question or repeats another, or
            a question has no prediction.
    """
    predictions: list[Prediction] = []
    lines: dict[_Place, int] = {}
    for number, data in _lines(path):
        where = f"{path.name} line {number}"
        prediction = _prediction(data, where)
        if prediction.problem_id not in problem_ids:
            raise DataError(
                f"{where}: no item has the id {prediction.problem_id!r}; they are like "
                f"{next(iter(problem_ids), None)!r}"
            )
        place = _Place(prediction.problem_id, prediction.sample_index)
        if (first := lines.setdefault(place, number)) != number:
            raise DataError(
                f"{where}: id {place.problem_id!r} with sample_index {place.sample_index} is "
                f"already in line {first}; number several responses to a question from 0"
            )
        predictions.append(prediction)
    answered = {each.problem_id for each in predictions}
    if missing := [each for each in problem_ids if each not in answered]:
        raise DataError(
            f"{path.name} has no prediction for {len(missing)} of {len(problem_ids)} items, first "
            f'{missing[0]!r}: a model that did not answer has the response ""'
        )
    return predictions


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            number = 0
            while data := file.readline(_LONGEST_LINE + 1):
                number += 1
                if len(data) > _LONGEST_LINE:
                    limit = f"{_LONGEST_LINE // 2**20} MiB"
                    raise DataError(f"{path.name} line {number}: longer than {limit}")
                if data.strip():
                    yield number, data
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _prediction(data: bytes, where: str) -> Prediction:
    raw = _object(data, where)
    if "response" not in raw and "extraction" not in raw:
        raise DataError(f"{where}: `response` or `extraction` is required, but missing")
    try:
        row = _Row.model_validate({key: value for key, value in raw.items() if value is not None})
    except Invalid as error:
        raise DataError(describe(error, _Row, where)) from error
    response = row.response if row.extraction is not None else row.response or ""
    truncated = row.finish_reason == "length" if row.truncated is None else row.truncated
    return Prediction(row.id, response, row.extraction, row.sample_index, truncated)


def _object(data: bytes, where: str) -> dict[str, Any]:
    try:
        # Numbers stay as they are written: 0.10 is another answer than 0.1.
        row = json.loads(data.decode("utf-8-sig"), parse_int=str, parse_float=str)
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not UTF-8 (byte {error.start + 1})") from error
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not JSON ({error.msg}, column {error.colno})") from error
    except RecursionError as error:
        raise DataError(f"{where}: not JSON that can be read (nested too deeply)") from error
    if not isinstance(row, dict):
        raise DataError(f"{where}: not a JSON object, but {type(row).__name__}")
    return row
