from typing import Annotated

import pyarrow as pa
import pytest
from pydantic import Field

from rlsd_pipeline.artifacts import arrow_schema, validate_table
from schemas import Problem, Record, Reward, Rollout, TokenWeights


def types(record: type[Record]) -> dict[str, str]:
    return {field.name: str(field.type) for field in arrow_schema(record)}


def test_annotations_become_physical_types() -> None:
    assert types(Rollout) == {
        "rollout_id": "string",
        "problem_id": "string",
        "sample_index": "int64",
        "prompt_ids": "list<item: int32>",
        "completion_ids": "list<item: int32>",
        "completion": "string",
        "token_ends": "list<item: int32>",
        "rollout_logprobs": "list<item: float>",
        "finish_reason": "string",
    }
    assert types(Problem)["images"] == "list<item: large_binary>"
    assert types(Problem)["attributes"] == "map<string, string>"
    assert types(Reward)["format_ok"] == "bool"
    assert types(Reward)["reward"] == "double"


def test_only_optional_fields_are_nullable() -> None:
    nullable = {field.name for field in arrow_schema(TokenWeights) if field.nullable}
    assert nullable == {field.name for field in arrow_schema(TokenWeights)} - {
        "rollout_id",
        "completion_ids",
    }


def test_the_schema_documents_itself() -> None:
    schema = arrow_schema(Reward)
    assert schema.metadata == {b"schema": b"Reward", b"schema_version": b"1"}
    assert schema.field("rollout_id").metadata == {b"description": b"The rollout that was judged."}


def test_what_no_column_can_hold_is_refused() -> None:
    class Nested(Record):
        values: list[list[int]]

    with pytest.raises(TypeError, match=r"no column type for list\[int\]"):
        arrow_schema(Nested)


def test_a_constraint_no_column_check_knows_is_refused() -> None:
    class Patterned(Record):
        name: Annotated[str, Field(pattern="a+")]

    table = pa.table({"name": ["aa"]}, schema=arrow_schema(Patterned))
    with pytest.raises(TypeError, match="no column check"):
        validate_table(Patterned, table)
