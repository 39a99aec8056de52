"""Converts the rows of a log to the tables of an iteration; only the tables are held in memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import pyarrow as pa

from rlsd_pipeline.artifacts.columns import arrow_schema
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.imports.recognised import nothing_usable
from rlsd_pipeline.imports.rollout_format import RolloutFormat
from rlsd_pipeline.imports.row import SampledRow, Unusable, UnusableError
from rlsd_pipeline.imports.tokens import TokenReader, Tokens
from schemas import ImportedRollout, ImportReport, Rollout

_ROWS_AT_ONCE = 64
"""Put into tokens at once: a token of text takes some 200 bytes until its row is kept."""

_SURE = 1e-6
"""Largest log-probability that rounding makes positive; it counts as 0."""

NameOf = Callable[[SampledRow], str]


class Imported(NamedTuple):
    """One step of a log.

    Attributes:
        rollouts: Rows of `Rollout`, group by group.
        rows: Rows of `ImportedRollout`, in the same order.
        report: What became of the log's rows.
    """

    rollouts: pa.Table
    rows: pa.Table
    report: ImportReport


def import_step(
    source: RolloutFormat,
    step: int | None,
    name_of: NameOf,
    reader: TokenReader,
    advance: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Read one step of a log.

    Args:
        source: The log.
        step: The trainer's step; None where the log has one alone, or names none.
        name_of: The problem that a row answers, asked row by row in the log's order; it raises
            `UnusableError` where there is none.
        reader: Puts rows into tokens.
        advance: Told how many rows were read.

    Raises:
        DataError: The log holds no such step, several where none is asked for, or no usable row.
    """
    reading = _Reading(source.name, step, name_of, reader)
    for part in _parts(source.rows()):
        reading.take(part)
        advance(len(part))
    return reading.finished(source)


class _Reading:
    def __init__(self, name: str, step: int | None, name_of: NameOf, reader: TokenReader) -> None:
        self.name, self.step, self.name_of, self.reader = name, step, name_of, reader
        self.steps: Counter[int | None] = Counter()
        self.unusable: Counter[str] = Counter()
        self.first: dict[str, str] = {}
        self.rows = 0
        self.owners: list[str] = []
        self.sampled: list[pa.RecordBatch] = []
        self.logged: list[dict[str, Any]] = []

    def take(self, part: Sequence[SampledRow | Unusable]) -> None:
        """Rows in the log's order."""
        named: list[tuple[SampledRow, str]] = []
        for row in part:
            if row.step is not None or isinstance(row, SampledRow):
                self.steps[row.step] += 1
            if self.step is not None and row.step is not None and row.step != self.step:
                continue
            self.rows += 1
            if isinstance(row, Unusable):
                self._refuse(row.file, row.number, row.reason)
                continue
            try:
                named.append((row, self.name_of(row)))
            except UnusableError as error:
                self._refuse(row.file, row.number, str(error))
        self._keep(named)

    def _keep(self, named: Sequence[tuple[SampledRow, str]]) -> None:
        kept: list[dict[str, Any]] = []
        responses = self.reader.responses([row for row, _ in named])
        for (row, owner), response in zip(named, responses, strict=True):
            try:
                prompt_ids, prompt_source = self.reader.prompt(row)
                response = _usable(row, response)
            except UnusableError as error:
                self._refuse(row.file, row.number, str(error))
                continue
            self.owners.append(owner)
            kept.append(_rollout(row, response, prompt_ids))
            self.logged.append(_logged(row, response, prompt_source))
        if kept:
            self.sampled.append(pa.RecordBatch.from_pylist(kept, schema=_SAMPLED))

    def _refuse(self, file: str, number: int, reason: str) -> None:
        self.unusable[reason] += 1
        self.first.setdefault(reason, f"{file}, row {number}")

    def finished(self, source: RolloutFormat) -> Imported:
        """Both tables, group by group."""
        self._require_one_step(source)
        if not self.owners:
            raise nothing_usable(source, self.unusable)
        groups = Groups(self.owners)
        order = [row for rows in groups.members for row in rows]
        places = [place for rows in groups.members for place in range(len(rows))]
        owners = [self.owners[row] for row in order]
        names = [f"{owner}#{place}" for owner, place in zip(owners, places, strict=True)]
        sampled = pa.Table.from_batches(self.sampled)
        if order != list(range(len(order))):
            # A copy, which logs whose groups stand together do without.
            sampled = sampled.take(pa.array(order))
        columns = {name: sampled[name] for name in sampled.column_names}
        columns |= {"rollout_id": names, "problem_id": owners, "sample_index": places}
        schema = arrow_schema(Rollout)
        rollouts = pa.table([columns[name] for name in schema.names], schema=schema)
        logged = [self.logged[row] for row in order]
        return Imported(rollouts, _logged_table(names, logged), self._report(groups, self.logged))

    def _require_one_step(self, source: RolloutFormat) -> None:
        known = sorted(step for step in self.steps if step is not None)
        if self.step is not None and self.step not in known:
            raise DataError(f"{source.path} holds no step {self.step}: {_listed(known)}")
        if self.step is None and len(known) > 1:
            raise DataError(
                f"{source.path} holds {len(known)} steps, and an iteration is one: choose it with "
                f"--step, or `steps` in the YAML; {_listed(known)}"
            )

    def _report(self, groups: Groups, logged: Sequence[dict[str, Any]]) -> ImportReport:
        sizes = [len(rows) for rows in groups.members]
        steps = [step for step in self.steps if step is not None]
        return ImportReport(
            format=self.name,
            step=self.step if self.step is not None else (steps[0] if steps else None),
            rows=self.rows,
            rollouts=len(logged),
            unusable=dict(self.unusable),
            first_unusable=self.first,
            groups=len(groups),
            smallest_group=min(sizes),
            largest_group=max(sizes),
            tokens=dict(Counter(row["tokens"] for row in logged)),
            with_logprobs=sum(
                len(batch) - batch["rollout_logprobs"].null_count for batch in self.sampled
            ),
            with_reward=sum(row["reward"] is not None for row in logged),
            with_finish=sum(row["finish_given"] for row in logged),
            advantage_sign=_advantage_sign(groups, logged),
        )


_SAMPLED = pa.schema(
    [
        field
        for field in arrow_schema(Rollout)
        if field.name not in ("rollout_id", "problem_id", "sample_index")
    ]
)


def _parts(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while part := list(islice(iterator, _ROWS_AT_ONCE)):
        yield part


def _usable(row: SampledRow, response: Tokens | UnusableError) -> Tokens:
    """Check that a response fits its log-probabilities.

    Raises:
        UnusableError: It cannot, or there is none.
    """
    if isinstance(response, UnusableError):
        raise response
    if not len(response.ids):
        raise UnusableError("no response")
    if row.logprobs is None or row.completion_ids is None:
        return response
    if len(row.logprobs) != len(row.completion_ids):
        raise UnusableError("another number of log-probabilities than of tokens")
    if max(row.logprobs) > _SURE or not all(map(math.isfinite, row.logprobs)):
        raise UnusableError("log-probabilities that are none")
    return response


def _rollout(row: SampledRow, response: Tokens, prompt_ids: Sequence[int]) -> dict[str, Any]:
    logprobs = row.logprobs if response.ids is row.completion_ids else None
    return {
        "prompt_ids": prompt_ids,
        "completion_ids": response.ids,
        "completion": response.text,
        "token_ends": response.ends,
        "rollout_logprobs": None if logprobs is None else [min(each, 0.0) for each in logprobs],
        "finish_reason": response.finish_reason.value,
    }


def _logged(row: SampledRow, response: Tokens, prompt_source: Any) -> dict[str, Any]:
    return {
        "file": row.file,
        "row": row.number,
        "step": row.step,
        "tokens": response.source.value,
        "prompt_tokens": prompt_source.value,
        "finish_given": row.finish_reason is not None,
        "reward": row.reward,
        "advantage": row.advantage,
        **{f"reward_{name}": value for name, value in row.parts.items()},
    }


def _logged_table(names: Sequence[str], logged: Sequence[dict[str, Any]]) -> pa.Table:
    parts = tuple(dict.fromkeys(n for row in logged for n in row if n.startswith("reward_")))
    schema = arrow_schema(ImportedRollout, parts)
    rows = [{"rollout_id": name, **row} for name, row in zip(names, logged, strict=True)]
    return pa.Table.from_pylist(rows, schema=schema)


def _advantage_sign(groups: Groups, logged: Sequence[dict[str, Any]]) -> float | None:
    agreeing = compared = 0
    for rows in groups.members:
        rewards = [logged[row]["reward"] for row in rows]
        if any(reward is None for reward in rewards):
            continue
        mean = sum(rewards) / len(rewards)
        for row, reward in zip(rows, rewards, strict=True):
            given, above = logged[row]["advantage"], reward - mean
            if given is None or abs(above) < _SURE:
                continue
            compared += 1
            agreeing += (given > 0) == (above > 0)
    return agreeing / compared if compared else None


def _listed(steps: Sequence[int]) -> str:
    shown = ", ".join(map(str, steps[:12])) + (f", …, {steps[-1]}" if len(steps) > 12 else "")
    return f"it has {shown}" if steps else "it names none"
