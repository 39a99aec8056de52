import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from rlsd_pipeline.artifacts import ArtifactWriter, to_table
from rlsd_pipeline.errors import AlignmentError, ArtifactError
from schemas import Record, Rollout, TokenLogprobs

TableOf = Callable[..., pa.Table]


def written(folder: Path, record: type[Record], table: pa.Table) -> bytes:
    writer = ArtifactWriter(folder)
    writer.table(record, table)
    (path,) = writer.files()
    return path.read_bytes()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"teacher_logprobs": [-1.0]}, AlignmentError),
        ({"teacher_logprobs": [-1.0, math.nan, -1.0]}, ArtifactError),
        ({"rollout_id": "a"}, ArtifactError),
    ],
)
def test_a_bad_table_is_not_written(
    change: dict, error: type[Exception], tmp_path: Path, table_of: TableOf
) -> None:
    table = table_of(TokenLogprobs, {"rollout_id": "a"}, {"rollout_id": "b", **change})
    writer = ArtifactWriter(tmp_path)
    with pytest.raises(error):
        writer.table(TokenLogprobs, table)
    assert writer.files() == []


def test_the_order_of_columns_leaves_no_mark(tmp_path: Path, rollouts: pa.Table) -> None:
    reordered = pa.table({name: rollouts[name] for name in reversed(rollouts.column_names)})
    assert written(tmp_path / "reordered", Rollout, reordered) == written(
        tmp_path / "plain", Rollout, rollouts
    )


def test_the_chunks_of_a_table_leave_no_mark(tmp_path: Path) -> None:
    # Long enough for a column to fill several Parquet pages, whose bounds follow the chunks.
    tokens = np.arange(1000 * 600).reshape(1000, 600)
    table = to_table(
        TokenLogprobs,
        {
            "rollout_id": [f"r{row}" for row in range(len(tokens))],
            "completion_ids": tokens,
            "student_logprobs": -np.sqrt(tokens),
            "teacher_logprobs": -np.sqrt(tokens),
            "teacher_plain_logprobs": [None] * len(tokens),
        },
    )
    chunks = pa.concat_tables([table[:1], table[1:300], table[300:]])
    assert written(tmp_path / "chunks", TokenLogprobs, chunks) == written(
        tmp_path / "whole", TokenLogprobs, table
    )
