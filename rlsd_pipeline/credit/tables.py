"""Converts token tables to the flat arrays that a method reads, and its streams to columns.

Nothing is padded: the tokens of all responses follow one another, as in the Parquet file.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from rlsd_pipeline.advantages.estimator import AdvantageEstimator, estimated
from rlsd_pipeline.advantages.standardised import Standardised
from rlsd_pipeline.artifacts.validation import contiguous
from rlsd_pipeline.credit.columns import ASKED, TEACHER
from rlsd_pipeline.credit.segments import Segment, token_segments
from rlsd_pipeline.errors import AlignmentError
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.verifiers.extractions.extraction import Extraction
from rlsd_pipeline.weighting.method import Credit
from schemas import Verdict


def read_credit(
    rollouts: pa.Table,
    rewards: pa.Table,
    logprobs: pa.Table,
    extraction: Extraction,
    more: pa.Table | None = None,
) -> Credit:
    """The tables of one iteration as the arrays a method reads, with standardised advantages.

    Args:
        rollouts: Rows of `Rollout`.
        rewards: Rows of `Reward`.
        logprobs: Rows of `TokenLogprobs`.
        extraction: Tells reasoning and answer apart.
        more: Rows of `TokenLogprobs` too: columns that `logprobs` lacks are read from it.

    Raises:
        AlignmentError: The tables are not about the same rollouts in the same order.
    """
    names = rollouts["rollout_id"]
    others = [rewards, logprobs, *([] if more is None else [more])]
    if any(table["rollout_id"] != names for table in others):
        raise AlignmentError(
            "the tables of rollouts, rewards and log-probabilities are not about the same rollouts "
            "in the same order: materialize the later ones again from one table of rollouts"
        )
    offsets = row_offsets(logprobs["completion_ids"])
    student = flat(logprobs["student_logprobs"])
    teacher = contiguous(_holding(TEACHER, logprobs, more)[TEACHER])
    informed = teacher.is_valid().to_numpy(zero_copy_only=False)
    return Credit(
        rewards=torch.tensor(rewards["reward"].to_numpy(), dtype=torch.float64),
        correct=torch.from_numpy(
            np.array(rewards["verdict"].to_pylist(), dtype=object) == Verdict.CORRECT.value
        ),
        advantages=torch.tensor(rewards["advantage"].to_numpy(), dtype=torch.float32),
        groups=group_indices(rollouts["problem_id"]),
        informed=torch.from_numpy(informed.copy()),
        rows=torch.from_numpy(np.arange(len(rollouts)).repeat(np.diff(offsets))),
        reasoning=torch.from_numpy(segments_of(rollouts, extraction) == Segment.REASONING),
        student_logprobs=student,
        teacher_logprobs=_teacher(teacher, informed, offsets, student),
        token_ids=flat(logprobs["completion_ids"], np.int32),
        **{name: _asked(name, _holding(name, logprobs, more), offsets) for name in ASKED},
    )


def with_nothing_told(credit: Credit, columns: Iterable[str]) -> Credit:
    """The same table where columns were computed and no rollout has them.

    A teacher that had nothing to show knew no more than the student; of all others none is known.
    """
    nothing = {
        name: credit.student_logprobs
        if name == TEACHER
        else torch.full_like(credit.student_logprobs, torch.nan)
        for name in credit.lacks(set(columns) & {TEACHER, *ASKED})
    }
    return replace(credit, **nothing)


def under(estimator: AdvantageEstimator, credit: Credit) -> Credit:
    """The same table under the advantages of an estimator; the table holds standardised ones.

    Raises:
        ComponentError: As `estimated`.
    """
    if type(estimator) is Standardised:
        return credit
    found = estimated(estimator, credit.rewards, credit.groups)
    return replace(credit, advantages=found.to(credit.advantages.dtype))


def row_offsets(column: pa.ChunkedArray) -> np.ndarray:
    """The first token of each row and, last, the end of all; `[rows + 1]`."""
    return np.concatenate([[0], np.cumsum(_lengths(contiguous(column)))])


def flat(column: pa.ChunkedArray, dtype: type[np.generic] = np.float32) -> Tensor:
    """All entries of a list column one after the other."""
    values = contiguous(column).flatten().to_numpy(zero_copy_only=False)
    return torch.from_numpy(np.array(values, dtype=dtype))


def ragged(values: Tensor, offsets: np.ndarray) -> pa.ListArray:
    """The inverse of `flat`: one list of float32 a row."""
    numbers = values.numpy().astype(np.float32, copy=False)
    return pa.ListArray.from_arrays(offsets.astype(np.int32), numbers)


def segments_of(rollouts: pa.Table, extraction: Extraction) -> np.ndarray:
    """The segment of every token of a table, response after response; uint8, `[tokens]`."""
    texts, ends = (rollouts[name].to_pylist() for name in ("completion", "token_ends"))
    parts = [token_segments(*row, extraction) for row in zip(texts, ends, strict=True)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint8)


def group_indices(problem_ids: pa.ChunkedArray) -> Tensor:
    """Index of each row's group, in order of first mention; int64, `[rows]`."""
    return torch.tensor(Groups(problem_ids.to_pylist()).of_rows, dtype=torch.long)


def _lengths(lists: pa.Array) -> np.ndarray:
    return lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)


def _holding(name: str, logprobs: pa.Table, more: pa.Table | None) -> pa.Table:
    """The table to read a column from: the arm's own, where it has it at all."""
    return logprobs if more is None or _has(name, logprobs) else more


def _has(name: str, table: pa.Table) -> bool:
    return name in table.column_names and table[name].null_count < len(table)


def _asked(name: str, table: pa.Table, offsets: np.ndarray) -> Tensor | None:
    """A column with nan where a rollout has none; None where no rollout has it."""
    if not _has(name, table):
        return None
    column = contiguous(table[name])
    values = np.array(column.flatten().to_numpy(zero_copy_only=False), dtype=np.float32)
    if column.null_count == 0:
        return torch.from_numpy(values)
    filled = np.full(offsets[-1], np.nan, dtype=np.float32)
    present = column.is_valid().to_numpy(zero_copy_only=False)
    filled[present.repeat(np.diff(offsets))] = values
    return torch.from_numpy(filled)


def _teacher(
    column: pa.Array, informed: np.ndarray, offsets: np.ndarray, student: Tensor
) -> Tensor | None:
    """The teacher's column, the student's where the teacher was not asked; None if it never was."""
    if not informed.any():
        return None
    values = torch.from_numpy(np.array(column.flatten().to_numpy(zero_copy_only=False)))
    if informed.all():
        return values
    filled = student.clone()
    filled[torch.from_numpy(informed.repeat(np.diff(offsets)))] = values
    return filled
