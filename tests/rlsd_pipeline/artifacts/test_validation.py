import math
from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rlsd_pipeline.artifacts import to_table, validate_table
from rlsd_pipeline.errors import AlignmentError, ArtifactError
from schemas import (
    ItemVerdict,
    Record,
    Reward,
    Rollout,
    TeacherDistribution,
    TokenLogprobs,
    TokenWeights,
)

TableOf = Callable[..., pa.Table]


@pytest.mark.parametrize(
    ("record", "change", "message"),
    [
        (Rollout, {"rollout_id": None}, r"row 1 \(rollout_id None\): rollout_id is null"),
        (Rollout, {"problem_id": ""}, r"row 1 \(rollout_id 'b'\): problem_id is shorter than 1"),
        (Rollout, {"sample_index": -1}, r"row 1 \(rollout_id 'b'\): sample_index is less than 0"),
        (Rollout, {"finish_reason": "tired"}, r"finish_reason is none of stop, length"),
        (
            Rollout,
            {"completion_ids": [7, -3, 2]},
            r"row 1 \(rollout_id 'b'\): an entry of completion_ids is less than 0: -3",
        ),
        (
            Rollout,
            {"rollout_logprobs": [-1.0, 0.5, -1.0]},
            r"an entry of rollout_logprobs is greater than 0: 0\.5",
        ),
        (
            Rollout,
            {"rollout_logprobs": [-1.0, math.nan, -1.0]},
            r"row 1 \(rollout_id 'b'\): an entry of rollout_logprobs is not finite: nan",
        ),
        (TokenWeights, {"token_advantages": [1.0, math.inf, 1.0]}, r"is not finite: inf"),
        (TokenWeights, {"token_advantages": [1.0, None, 1.0]}, r"token_advantages is null"),
        (TokenWeights, {"token_advantages": None}, r"row 1 .*: at least one of token_advantages"),
        (Reward, {"reward": None}, r"row 1 .*: reward must be null exactly when verdict is 'ver"),
        (Reward, {"verdict": "verifier_error"}, r"reward must be null exactly when verdict is"),
        (Reward, {"advantage": math.nan}, r"row 1 \(rollout_id 'b'\): advantage is not finite"),
        (Rollout, {"rollout_id": "a"}, r"row 1 \(rollout_id 'a'\): rollout_id must be unique"),
    ],
)
def test_a_bad_row_is_found(
    record: type[Record], change: dict, message: str, table_of: TableOf
) -> None:
    table = table_of(record, {"rollout_id": "a"}, {"rollout_id": "b", **change})
    with pytest.raises(ArtifactError, match=message):
        validate_table(record, table)


def test_a_misaligned_row_names_both_lengths(table_of: TableOf) -> None:
    short = {"rollout_id": "b", "teacher_logprobs": [-1.0]}
    table = table_of(TokenLogprobs, {"rollout_id": "a"}, short)
    message = r"row 1 \(rollout_id 'b'\): teacher_logprobs has 1 entries beside 3 completion_ids"
    with pytest.raises(AlignmentError, match=message):
        validate_table(TokenLogprobs, table)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"support_ids": [7, 8, 3]},
            "support_ids has 3 entries beside 2 completion_ids, and needs",
        ),
        ({"support_size": 3}, "support_ids has 4 entries .*, and needs support_size for each"),
        ({"support_logprobs": []}, "support_logprobs has 0 entries beside 2 completion_ids"),
        ({"tail_logprobs": [-1.0] * 4}, "tail_logprobs has 4 entries .*, and needs one for each"),
    ],
)
def test_several_entries_a_token(change: dict, message: str, table_of: TableOf) -> None:
    """Each row by its own number of them."""
    other = {
        "rollout_id": "a",
        "completion_ids": [1, 2, 3],
        "support_size": 1,
        "support_ids": [4, 5, 6],
        "support_logprobs": [-1.0] * 3,
        "tail_logprobs": [-1.0] * 3,
    }
    absent = {"support_ids": None, "support_logprobs": None, "tail_logprobs": None}
    unasked = {"rollout_id": "b", "support_size": 9, **absent}
    record = TeacherDistribution
    validate_table(record, table_of(record, other, unasked, {"rollout_id": "c"}))
    table = table_of(record, other, unasked, {"rollout_id": "c", **change})
    with pytest.raises(AlignmentError, match=rf"row 2 \(rollout_id 'c'\): {message}"):
        validate_table(record, table)


def test_a_key_of_two_fields_repeats_only_as_a_pair(table_of: TableOf) -> None:
    pairs = [{"problem_id": p, "sample_index": i} for p, i in [("a", 0), ("a", 1), ("b", 0)]]
    validate_table(ItemVerdict, table_of(ItemVerdict, *pairs))
    with pytest.raises(ArtifactError, match="problem_id and sample_index must be unique"):
        validate_table(ItemVerdict, table_of(ItemVerdict, *pairs, pairs[1]))


def test_the_bad_row_is_found_behind_nulls_empty_rows_and_slices(table_of: TableOf) -> None:
    empty: dict[str, list] = {"completion_ids": [], "student_logprobs": [], "teacher_logprobs": []}
    table = table_of(
        TokenLogprobs,
        {"rollout_id": "cut off"},
        {"rollout_id": "a", "teacher_logprobs": None},
        {"rollout_id": "b", **empty},
        {"rollout_id": "c", "teacher_logprobs": [-1.0, -1.0, 0.25]},
    )
    with pytest.raises(ArtifactError, match=r"row 2 \(rollout_id 'c'\): an entry of teacher_log"):
        validate_table(TokenLogprobs, table.slice(1))
    validate_table(TokenLogprobs, table.slice(1, 2))


def test_a_table_in_chunks_is_one_table(table_of: TableOf) -> None:
    chunks = [table_of(Rollout, {"rollout_id": name}) for name in "aba"]
    validate_table(Rollout, pa.concat_tables(chunks[:2]))
    with pytest.raises(ArtifactError, match=r"row 2 \(rollout_id 'a'\): rollout_id must be unique"):
        validate_table(Rollout, pa.concat_tables(chunks))


def test_an_empty_table_is_valid(rollouts: pa.Table) -> None:
    validate_table(Rollout, rollouts.slice(0, 0))


def test_columns_must_be_those_of_the_record(rollouts: pa.Table) -> None:
    with pytest.raises(ArtifactError, match=r"missing \['completion'\]"):
        validate_table(Rollout, rollouts.drop_columns(["completion"]))
    with pytest.raises(ArtifactError, match=r"'colour'\], missing \[\]"):
        validate_table(Rollout, rollouts.append_column("colour", pa.array(["red", "blue"])))
    with pytest.raises(ArtifactError, match="the columns are"):
        validate_table(Rollout, rollouts.append_column("completion", pa.array(["", ""])))


def test_columns_must_have_their_types(rollouts: pa.Table) -> None:
    wide = rollouts["completion_ids"].cast(pa.list_(pa.int64()))
    position = rollouts.column_names.index("completion_ids")
    with pytest.raises(ArtifactError, match=r"completion_ids is list<item: int64> and must be"):
        validate_table(Rollout, rollouts.set_column(position, "completion_ids", wide))


LOGPROBS = st.lists(st.sampled_from([-2.0, -0.5, 0.0, 0.5, math.nan, -math.inf]), max_size=3)
ROWS = st.fixed_dictionaries(
    {
        "rollout_id": st.sampled_from(["", "a", "b"]),
        "completion_ids": st.lists(st.integers(-1, 2), max_size=3),
        "student_logprobs": LOGPROBS,
        "teacher_logprobs": st.none() | LOGPROBS,
        "teacher_plain_logprobs": st.none() | LOGPROBS,
    }
)


@settings(max_examples=200, deadline=None)
@given(row=ROWS)
def test_columns_and_rows_are_held_to_the_same_promises(row: dict) -> None:
    table = to_table(TokenLogprobs, {name: [value] for name, value in row.items()})
    assert is_accepted(validate_table, table) == is_accepted(accept_row, row)


@settings(max_examples=100, deadline=None)
@given(lengths=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6))
def test_a_table_is_aligned_exactly_when_all_its_rows_are(lengths: list[tuple[int, int]]) -> None:
    table = to_table(
        TokenLogprobs,
        {
            "rollout_id": [f"r{row}" for row in range(len(lengths))],
            "completion_ids": [[1] * tokens for tokens, _ in lengths],
            "student_logprobs": [[-1.0] * tokens for tokens, _ in lengths],
            "teacher_logprobs": [[-1.0] * scored for _, scored in lengths],
            "teacher_plain_logprobs": [None] * len(lengths),
        },
    )
    bad = [f"'r{row}'" for row, (tokens, scored) in enumerate(lengths) if tokens != scored]
    if not bad:
        validate_table(TokenLogprobs, table)
    else:
        with pytest.raises(AlignmentError, match=bad[0]):
            validate_table(TokenLogprobs, table)


ENTRIES = st.none() | st.lists(st.sampled_from([-2.0, -0.5, 0.5, math.nan]), max_size=4)
DISTRIBUTIONS = st.fixed_dictionaries(
    {
        "rollout_id": st.sampled_from(["", "a"]),
        "completion_ids": st.lists(st.integers(0, 2), max_size=2),
        "support_size": st.integers(0, 2),
        "support_ids": st.none() | st.lists(st.integers(-1, 4), max_size=4),
        "support_logprobs": ENTRIES,
        "tail_logprobs": ENTRIES,
    }
)


@settings(max_examples=300, deadline=None)
@given(row=DISTRIBUTIONS)
@example(row=dict(TeacherDistribution.example))
def test_columns_and_rows_of_a_distribution_are_held_to_the_same_promises(row: dict) -> None:
    table = to_table(TeacherDistribution, {name: [value] for name, value in row.items()})
    by_column = is_accepted(validate_table, table, TeacherDistribution)
    assert by_column == is_accepted(accept_row, row, TeacherDistribution)


def accept_row(record: type[Record], row: object) -> None:
    record.model_validate(row)


def is_accepted(
    check: Callable[[type[Record], object], None],
    subject: object,
    record: type[Record] = TokenLogprobs,
) -> bool:
    try:
        check(record, subject)
    except (ArtifactError, ValidationError):
        return False
    return True
