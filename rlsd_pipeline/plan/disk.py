"""Artifacts of a whole run, before compression: tables by token, checkpoints by parameter."""

from collections.abc import Collection
from dataclasses import dataclass

from rlsd_pipeline.artifacts.columns import table_columns
from rlsd_pipeline.config.experiment import Arm, ExperimentConfig
from rlsd_pipeline.config.teacher import EMATeacher
from rlsd_pipeline.credit.columns import ASKED, BASE
from rlsd_pipeline.plan.architecture import Architecture
from rlsd_pipeline.plan.layout import FLOAT32, Layout
from rlsd_pipeline.plan.memory import divide
from rlsd_pipeline.plan.workload import Workload
from schemas import Rollout, TeacherDistribution, TokenLogprobs, TokenWeights
from schemas.record import Record

_TEXT_BYTES = 4
"""Characters of a response's text a token, one byte each."""

_ID_BYTES = 4
_ENTRY_BYTES = 8
"""A token id and its log-probability."""


@dataclass(frozen=True)
class Written:
    """The bytes that one iteration of an arm writes.

    Attributes:
        tables: Name of a table -> bytes.
        weights: Weights of the next policy.
        optimizer: Its optimizer's state.
        teacher: Bytes of a teacher that is an artifact of its own in each iteration.
    """

    tables: dict[str, int]
    weights: int
    optimizer: int
    teacher: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.tables.values()) + self.weights + self.optimizer + self.teacher


@dataclass(frozen=True)
class Disk:
    """The bytes that an arm keeps.

    Attributes:
        everything: Without garbage collection.
        collected: With it: all tables, the weights of the policies that are evaluated or that
            `retention` keeps, and optimizer and teacher of the newest alone.
        left: What training leaves: everything, unless `retention` is applied in training.
        waiting: What is there in training and goes by itself.
    """

    everything: int
    collected: int
    left: int
    waiting: int


def written(arm: Arm, architecture: Architecture, work: Workload, spread: Layout) -> Written:
    """One iteration of an arm."""
    _, trained = divide(architecture, spread)
    # An average is kept in float32 whatever the policy's precision.
    average = 4 * architecture.parameters if isinstance(arm.teacher, EMATeacher) else 0
    return Written(
        tables=_tables(arm, architecture, work),
        weights=architecture.parameters * FLOAT32,
        optimizer=2 * trained * FLOAT32,
        teacher=average if arm.reads_teacher else 0,
    )


def run_disk(experiment: ExperimentConfig, one: Written) -> Disk:
    """All iterations of an arm; the base policy belongs to all arms."""
    count = experiment.iterations
    every = experiment.evaluation.every, experiment.retention.checkpoints.every
    kept = {k for k in range(1, count + 1) if k == count or any(k % each == 0 for each in every)}
    tables = count * sum(one.tables.values())
    everything = count * one.total
    collected = tables + len(kept) * one.weights + one.optimizer + one.teacher
    dropped_every = experiment.retention.in_training
    if dropped_every is None:
        return Disk(everything, collected, left=everything, waiting=0)
    waiting = min(dropped_every, count) * (one.weights + one.optimizer + one.teacher)
    return Disk(everything, collected, left=collected, waiting=waiting)


def token_bytes(record: type[Record], without: Collection[str] = ()) -> int:
    """Bytes of a table a response token: its list columns by their types, as if none were null.

    Prompt ids and a teacher's support are longer than the response, and counted apart.

    Args:
        record: What each row is.
        without: Columns that nobody asks for.
    """
    return sum(
        column.elements.type.bit_width // 8
        for column in table_columns(record)
        if column.elements is not None and column.name not in (*_OF_OTHER_LENGTH, *without)
    )


_OF_OTHER_LENGTH = ("prompt_ids", "support_ids", "support_logprobs")


def _tables(arm: Arm, architecture: Architecture, work: Workload) -> dict[str, int]:
    read = work.plain
    tokens = read.responses * read.response_tokens
    # The prompt's ids stand in every row of its group.
    prompts = read.responses * read.prompt_tokens * _ID_BYTES
    anchored = BASE in arm.columns
    tables = {
        "rollouts": tokens * (token_bytes(Rollout) + _TEXT_BYTES) + prompts,
        "logprobs": tokens * token_bytes(TokenLogprobs, ASKED - arm.columns),
        "token_weights": tokens
        * token_bytes(TokenWeights, () if anchored else ("anchor_weights",)),
    }
    divergence = arm.weighting.stored_divergence
    if divergence is not None:
        entries = (divergence.top_k or architecture.vocabulary) * _ENTRY_BYTES
        tables["teacher_distribution"] = tokens * (token_bytes(TeacherDistribution) + entries)
    return tables
