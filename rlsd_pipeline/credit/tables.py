"""Token tables as the flat arrays that a method reads, and its streams as columns.

Nothing is padded: the tokens of all responses stand one after the other, as in the Parquet file.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from rlsd_pipeline.advantages.estimator import AdvantageEstimator, estimated
from rlsd_pipeline.advantages.standardised import Standardised
from rlsd_pipeline.artifacts.validation import contiguous
from rlsd_pipeline.credit.segments import Segment, token_segments
from rlsd_pipeline.errors import AlignmentError
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.verifiers.extractions.extraction import Extraction
from rlsd_pipeline.weighting.method import Credit
from schemas import Verdict


def read_credit(
    rollouts: pa.Table, rewards: pa.Table, logprobs: pa.Table, extraction: Extraction
) -> Credit:
    """The tables of one iteration as the arrays a method reads, with standardised advantages.

    Raises:
        AlignmentError: The tables are not about the same rollouts in the same order.
    """
    names = rollouts["rollout_id"]
    if rewards["rollout_id"] != names or logprobs["rollout_id"] != names:
        raise AlignmentError(
            "the tables of rollouts, rewards and log-probabilities are not about the same rollouts "
            "in the same order: materialize the later ones again from one table of rollouts"
        )
    offsets = row_offsets(logprobs["completion_ids"])
    student = flat(logprobs["student_logprobs"])
    teacher = contiguous(logprobs["teacher_logprobs"])
    informed = teacher.is_valid().to_numpy(zero_copy_only=False)
    return Credit(
        rewards=torch.tensor(rewards["reward"].to_numpy(), dtype=torch.float64),
        correct=torch.from_numpy(
            np.array(rewards["verdict"].to_pylist(), dtype=object) == Verdict.CORRECT.value
        ),
        advantages=torch.tensor(rewards["advantage"].to_numpy(), dtype=torch.float32),
        groups=_groups(rollouts["problem_id"]),
        informed=torch.from_numpy(informed.copy()),
        rows=torch.from_numpy(np.arange(len(rollouts)).repeat(np.diff(offsets))),
        reasoning=torch.from_numpy(segments_of(rollouts, extraction) == Segment.REASONING),
        student_logprobs=student,
        teacher_logprobs=_teacher(teacher, informed, offsets, student),
        token_ids=flat(logprobs["completion_ids"], np.int32),
    )


def under(estimator: AdvantageEstimator, credit: Credit) -> Credit:
    """The same table under the advantages of an estimator; the table holds standardised ones.

    Raises:
        ComponentError: As `estimated`.
    """
    if type(estimator) is Standardised:
        return credit
    found = estimated(estimator, credit.rewards, credit.groups)
    return replace(credit, advantages=found.to(credit.advantages.dtype))


def read_advantages(rewards: pa.Table, estimator: AdvantageEstimator) -> np.ndarray:
    """Each rollout's advantage by an estimator; float64, `[rollouts]`.

    Raises:
        ComponentError: As `estimated`.
    """
    if type(estimator) is Standardised:
        return rewards["advantage"].to_numpy()
    values = torch.tensor(rewards["reward"].to_numpy(), dtype=torch.float64)
    return estimated(estimator, values, _groups(rewards["problem_id"])).numpy()


def row_offsets(column: pa.ChunkedArray) -> np.ndarray:
    """Where each row's tokens begin and, last, where all end; `[rows + 1]`."""
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


def _groups(problem_ids: pa.ChunkedArray) -> Tensor:
    """Index of each row's group, in order of first mention; int64, `[rows]`."""
    return torch.tensor(Groups(problem_ids.to_pylist()).of_rows, dtype=torch.long)


def _lengths(lists: pa.Array) -> np.ndarray:
    return lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)


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
