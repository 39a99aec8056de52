from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlsd_pipeline.artifacts import check_same_tokens, rows, to_table, validate_table
from rlsd_pipeline.errors import AlignmentError, ArtifactError
from schemas import (
    ItemVerdict,
    Problem,
    Record,
    Reward,
    Rollout,
    TeacherDistribution,
    TokenLogprobs,
    TokenWeights,
)

TableOf = Callable[..., pa.Table]

TABLES = [
    Problem,
    Rollout,
    Reward,
    TokenLogprobs,
    TeacherDistribution,
    TokenWeights,
    ItemVerdict,
]


@pytest.mark.parametrize("record", TABLES)
def test_the_example_survives_parquet(record: type[Record], tmp_path: Path) -> None:
    table = to_table(record, {name: [value] for name, value in record.example.items()})
    validate_table(record, table)
    pq.write_table(table, tmp_path / "rows.parquet")
    read = pq.read_table(tmp_path / "rows.parquet")
    validate_table(record, read)
    assert list(rows(record, read)) == [record.model_validate(record.example)]


def test_columns_may_be_arrays() -> None:
    table = to_table(
        TokenLogprobs,
        {
            "rollout_id": pa.array(["a", "b"]),
            "completion_ids": np.array([[1, 2], [3, 4]]),
            "student_logprobs": [np.array([-0.5, -0.25]), np.array([-1.0, -2.0])],
            "teacher_logprobs": [None, np.array([-1.0, -2.0], dtype=np.float32)],
            "teacher_plain_logprobs": [None, None],
        },
    )
    validate_table(TokenLogprobs, table)
    assert table["completion_ids"].to_pylist() == [[1, 2], [3, 4]]
    assert table["student_logprobs"].to_pylist() == [[-0.5, -0.25], [-1.0, -2.0]]
    assert table["teacher_logprobs"].to_pylist() == [None, [-1.0, -2.0]]
    assert table["teacher_plain_logprobs"].to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": ["red"]}, "got the columns .*'colour'"),
        ({"reward": [1.0, 1.0]}, "the columns differ in length: .*'reward': 2"),
        ({"reward": ["much"]}, "Reward.reward cannot be stored as double"),
        ({"rollout_id": [17]}, "Reward.rollout_id cannot be stored as string"),
    ],
)
def test_columns_that_make_no_table_are_refused(change: dict, message: str) -> None:
    columns = {name: [value] for name, value in Reward.example.items()}
    with pytest.raises(ArtifactError, match=message):
        to_table(Reward, {**columns, **change})


def test_token_ids_beyond_32_bits_are_refused() -> None:
    columns = {name: [value] for name, value in TokenWeights.example.items()}
    with pytest.raises(ArtifactError, match="completion_ids cannot be stored as list"):
        to_table(TokenWeights, {**columns, "completion_ids": [[7, 3, 2**31]]})


def test_the_same_tokens_pass(rollouts: pa.Table, token_logprobs: pa.Table) -> None:
    check_same_tokens(token_logprobs, rollouts)
    check_same_tokens(pa.concat_tables([token_logprobs[:1], token_logprobs[1:]]), rollouts)


def test_one_other_token_names_the_rollout(rollouts: pa.Table, table_of: TableOf) -> None:
    other = table_of(TokenLogprobs, {"rollout_id": "a"}, {"rollout_id": "b", "completion_ids": [9]})
    message = r"rollout 'b' differ: 1 tokens \[9\] here, 3 tokens \[7, 3, 2\] in its rollout"
    with pytest.raises(AlignmentError, match=message):
        check_same_tokens(other, rollouts)


def test_rollouts_keep_their_number_and_order(rollouts: pa.Table, token_logprobs: pa.Table) -> None:
    with pytest.raises(AlignmentError, match="1 rows beside 2 rollouts"):
        check_same_tokens(token_logprobs[:1], rollouts)
    with pytest.raises(AlignmentError, match="row 0 is of rollout 'b' where 'a' stands"):
        check_same_tokens(token_logprobs.take([1, 0]), rollouts)


def test_a_table_without_tokens_need_only_keep_the_order(
    rollouts: pa.Table, table_of: TableOf
) -> None:
    check_same_tokens(table_of(Reward, {"rollout_id": "a"}, {"rollout_id": "b"}), rollouts)
