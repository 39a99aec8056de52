"""Token tables as flat arrays and back."""

import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.credit.tables import flat, ragged, read_credit, row_offsets, segments_of
from rlsd_pipeline.errors import AlignmentError
from rlsd_pipeline.verifiers.extractions.answer_tag import AnswerTag
from schemas import Record, Reward, Rollout, TokenLogprobs

ROWS = st.lists(st.lists(st.floats(-100, 0, width=32), max_size=5), max_size=8)


def floats(rows: list[list[float] | None]) -> pa.Array:
    return pa.array(rows, pa.list_(pa.float32()))


def test_flat_and_back() -> None:
    column = pa.chunked_array([floats([[-1.0, -2.0], [], [-3.0]])])
    assert row_offsets(column).tolist() == [0, 2, 2, 3]
    assert flat(column).tolist() == [-1.0, -2.0, -3.0]
    assert ragged(flat(column), row_offsets(column)).to_pylist() == [[-1.0, -2.0], [], [-3.0]]


def test_slices_and_chunks() -> None:
    whole = floats([[-9.0], [-1.0, -2.0], [], [-3.0], [-9.0, -9.0]])
    sliced = pa.chunked_array([whole.slice(1, 3)])
    chunked = pa.chunked_array([whole.slice(1, 1), whole.slice(2, 2)])
    for column in (sliced, chunked):
        assert row_offsets(column).tolist() == [0, 2, 2, 3]
        assert flat(column).tolist() == [-1.0, -2.0, -3.0]


def test_a_row_that_is_null_has_no_entries() -> None:
    column = pa.chunked_array([floats([[-1.0], None, [-2.0, -3.0]])])
    assert row_offsets(column).tolist() == [0, 1, 1, 3]
    assert flat(column).tolist() == [-1.0, -2.0, -3.0]


@given(ROWS, st.integers(0, 8), st.integers(0, 8))
def test_round_trip_of_any_slice_and_chunking(
    rows: list[list[float]], start: int, cut: int
) -> None:
    column = pa.chunked_array([floats(rows[:cut]), floats(rows[cut:])]).slice(start)
    found = ragged(flat(column), row_offsets(column))
    assert found.type == pa.list_(pa.float32())
    assert found.to_pylist() == rows[start:]


@pytest.mark.parametrize("rows", [[], [[]], [[], []]])
def test_nothing_to_hold(rows: list[list[float] | None]) -> None:
    column = pa.chunked_array([floats(rows)])
    assert flat(column).shape == (0,)
    assert ragged(flat(column), row_offsets(column)).to_pylist() == rows


def test_wide_numbers_become_what_a_column_holds() -> None:
    values = torch.tensor([0.1, 0.2], dtype=torch.float64)
    assert ragged(values, np.array([0, 2])).flatten().to_pylist() == pytest.approx([0.1, 0.2])
    ids = flat(pa.chunked_array([pa.array([[2**31 - 1], [7]], pa.list_(pa.int32()))]), np.int64)
    assert ids.tolist() == [2**31 - 1, 7]
    assert ids.dtype == torch.int64


def table_of(record: type[Record], rows: list[dict]) -> pa.Table:
    filled = [{**record.example, **row} for row in rows]
    return to_table(record, {name: [row[name] for row in filled] for name in record.model_fields})


TEXTS = ["<think>a</think><answer>b</answer>", "no", "<answer>c</answer>"]
ENDS = [[7, 8, 16, 24, 25, 34, 34], [1, 2], [8, 9, 18]]
OWNERS = ["p", "q", "p"]


@pytest.fixture
def tables() -> Callable[..., tuple[pa.Table, pa.Table, pa.Table]]:
    """Three rollouts of two problems; one teacher column, null where it is None."""

    def tables(
        teacher: list[list[float] | None], verdicts: list[str] | None = None
    ) -> tuple[pa.Table, pa.Table, pa.Table]:
        verdicts = verdicts or ["correct", "verifier_error", "incorrect"]
        names = [f"{owner}#{row}" for row, owner in enumerate(OWNERS)]
        ids = [list(range(7, 7 + len(ends))) for ends in ENDS]
        student = [[-1.0 - 0.5 * place for place in range(len(ends))] for ends in ENDS]
        rollouts = [
            {
                "rollout_id": names[row],
                "problem_id": OWNERS[row],
                "completion_ids": ids[row],
                "completion": TEXTS[row],
                "token_ends": ENDS[row],
                "rollout_logprobs": student[row],
            }
            for row in range(3)
        ]
        rewards = [
            {
                "rollout_id": names[row],
                "problem_id": OWNERS[row],
                "verdict": verdicts[row],
                "reward": None if verdicts[row] == "verifier_error" else 0.9 - row / 4,
                "advantage": [0.75, 0.0, -0.75][row],
            }
            for row in range(3)
        ]
        logprobs = [
            {
                "rollout_id": names[row],
                "completion_ids": ids[row],
                "student_logprobs": student[row],
                "teacher_logprobs": teacher[row],
            }
            for row in range(3)
        ]
        return (
            table_of(Rollout, rollouts),
            table_of(Reward, rewards),
            table_of(TokenLogprobs, logprobs),
        )

    return tables


def test_what_a_method_reads(tables: Callable[..., tuple[pa.Table, ...]]) -> None:
    credit = read_credit(*tables([[-0.5] * 7, None, [-0.25] * 3]), AnswerTag())
    assert credit.rewards.tolist()[::2] == [0.9, 0.4]
    assert math.isnan(credit.rewards[1])
    assert credit.correct.tolist() == [True, False, False]
    assert credit.advantages.tolist() == [0.75, 0.0, -0.75]
    # The two rollouts of `p` are one group though another stands between them.
    assert credit.groups.tolist() == [0, 1, 0]
    assert credit.informed.tolist() == [True, False, True]
    assert credit.rows.tolist() == [0] * 7 + [1] * 2 + [2] * 3
    assert credit.token_advantages.tolist() == [0.75] * 7 + [0.0] * 2 + [-0.75] * 3
    assert credit.token_informed.tolist() == [1.0] * 7 + [0.0] * 2 + [1.0] * 3
    # <think>, a, </think>, <answer>, b, </answer> and the end; no; <answer>, c, </answer>.
    assert credit.reasoning.tolist() == [
        *(False, True, False, False, False, False, False),
        *(True, True),
        *(False, False, False),
    ]
    # Δ is 0 where the teacher was shown nothing; -0.5 + 1, -0.5 + 1.5, ...; -0.25 + 1, ...
    expected = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 0.0, 0.0, 0.75, 1.25, 1.75]
    assert credit.information_gain.tolist() == expected


def test_all_or_none_of_the_rollouts_scored(tables: Callable[..., tuple[pa.Table, ...]]) -> None:
    every = read_credit(*tables([[-0.5] * 7, [-0.5] * 2, [-0.25] * 3]), AnswerTag())
    assert every.informed.all()
    assert every.information_gain.tolist()[7:9] == [0.5, 1.0]
    none = read_credit(*tables([None, None, None]), AnswerTag())
    assert none.teacher_logprobs is None
    assert not none.informed.any()
    with pytest.raises(ValueError, match="no teacher scored these rollouts"):
        _ = none.information_gain


def test_rows_must_be_in_one_order(tables: Callable[..., tuple[pa.Table, ...]]) -> None:
    rollouts, rewards, logprobs = tables([None] * 3)
    turned = [2, 1, 0]
    for changed in (
        (rollouts, rewards.take(turned), logprobs),
        (rollouts, rewards, logprobs.take(turned)),
        (rollouts.take(turned), rewards, logprobs),
    ):
        with pytest.raises(AlignmentError, match="not about the same rollouts in the same order"):
            read_credit(*changed, AnswerTag())


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_segments_of_a_table_are_those_of_its_rows(
    tables: Callable[..., tuple[pa.Table, ...]], count: int
) -> None:
    rollouts = tables([None] * 3)[0].slice(0, count)
    # 0 reasoning, 1 answer, 2 format.
    expected = [[2, 0, 2, 2, 1, 2, 2], [0, 0], [2, 1, 2]]
    found = segments_of(rollouts, AnswerTag()).tolist()
    assert found == [part for row in expected[:count] for part in row]
