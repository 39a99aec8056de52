"""An interval where the data give no bound."""

import json
import math

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from schemas import Interval


def test_an_infinite_end_is_null_in_a_document_and_infinite_again() -> None:
    found = Interval(value=0.5, low=0.25, high=math.inf)
    text = found.model_dump_json()
    assert json.loads(text) == {"value": 0.5, "low": 0.25, "high": None}
    assert Interval.model_validate_json(text) == found
    assert Interval(value=0.5, low=-math.inf, high=1).model_dump()["low"] is None


def test_no_document_holds_what_is_no_number() -> None:
    with pytest.raises(PydanticSerializationError, match="leave its interval out"):
        Interval(value=math.nan, low=0, high=1).model_dump_json()


@pytest.mark.parametrize("field", ["value", "low", "high"])
@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_no_number_is_read_from_a_word(field: str, word: str) -> None:
    text = '{"value": 1, "low": null, "high": null}'
    before = '"value": 1' if field == "value" else f'"{field}": null'
    with pytest.raises(ValidationError, match="is no number of a document"):
        Interval.model_validate_json(text.replace(before, f'"{field}": {word}'))
