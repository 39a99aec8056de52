"""Stored responses of a model: the JSON of its authors' harness, or JSON lines.

    {"id": "7", "response": "The answer is 12.", "finish_reason": "length"}
    {"id": "8", "extraction": "12", "sample_index": 1}

Keys: `id`, or what the benchmark calls it, and `response` or `extraction`, which is an answer that
was read from the response already and is not read again; where there is something to say
`sample_index`, and `truncated` or `finish_reason`. Other keys mean nothing here.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic import ValidationError as Invalid

from rlsd_pipeline.config.strict import describe
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.prediction_files import read_entries
from rlsd_pipeline.evaluation.scoring import LONGEST_RESPONSE, Prediction


def _bounded(text: str) -> str:
    # Beyond its limit a response is not read, so that the rest need not be kept; half of a
    # surrogate pair is no character and could not be written again.
    return text[: LONGEST_RESPONSE + 1].encode("utf-8", "replace").decode()


_Said = Annotated[str, AfterValidator(_bounded)]


class _Row(BaseModel):
    """One prediction of the file."""

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


def read_predictions(
    path: Path, problem_ids: Collection[str], id_column: str = "id"
) -> list[Prediction]:
    """The predictions of a file, in its order; every question has at least one.

    A null response is an empty one: the model said nothing.

    Args:
        path: The file, or a folder of MMMU's layout.
        problem_ids: The questions that were asked.
        id_column: What the benchmark's rows call the id, where the file does not say `id`.

    Raises:
        DataError: An entry is no prediction, speaks of an unknown question or repeats another, or
            a question has no prediction.
    """
    predictions: list[Prediction] = []
    places: dict[_Place, str] = {}
    for data, where in read_entries(path, id_column):
        prediction = _prediction(data, where)
        if prediction.problem_id not in problem_ids:
            raise DataError(
                f"{where}: no item has the id {prediction.problem_id!r}; they are like "
                f"{next(iter(problem_ids), None)!r}"
            )
        place = _Place(prediction.problem_id, prediction.sample_index)
        if (first := places.setdefault(place, where)) != where:
            raise DataError(
                f"{where}: id {place.problem_id!r} with sample_index {place.sample_index} is "
                f"already in {first.removeprefix(path.name).strip()}; number several responses to "
                "a question from 0"
            )
        predictions.append(prediction)
    answered = {each.problem_id for each in predictions}
    if missing := [each for each in problem_ids if each not in answered]:
        raise DataError(
            f"{path.name} has no prediction for {len(missing)} of {len(problem_ids)} items, first "
            f'{missing[0]!r}: a model that did not answer has the response ""'
        )
    return predictions


def _prediction(raw: dict[str, Any], where: str) -> Prediction:
    if "response" not in raw and "extraction" not in raw:
        raise DataError(f"{where}: `response` or `extraction` is required, but missing")
    try:
        row = _Row.model_validate({key: value for key, value in raw.items() if value is not None})
    except Invalid as error:
        raise DataError(describe(error, _Row, where)) from error
    response = row.response if row.extraction is not None else row.response or ""
    truncated = row.finish_reason == "length" if row.truncated is None else row.truncated
    return Prediction(row.id, response, row.extraction, row.sample_index, truncated)
