"""The rewards of a log as rows of `Reward`, with the verifier's beside them on request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.rewards.parts import rewarded
from rlsd_pipeline.stages.iteration.rewards import (
    advantages,
    judged,
    require_judged,
    sampled_responses,
)
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from schemas import ImportedRollout, Problem, Reward, Rollout, Verdict

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.imports.stages import RewardsImport
    from rlsd_pipeline.stages.workspace import StageRun

IMPORTED, VERIFIED = "reward_imported", "reward_verified"
"""Columns in which both rewards stand beside each other."""

_Values = list[float | None]


class _Verdicts(NamedTuple):
    verdicts: list[Verdict]
    extracted: list[str | None]
    formats: list[bool]
    rewards: _Values
    parts: Mapping[str, _Values]


def imported_rewards(
    stage: RewardsImport, run: StageRun, inputs: Mapping[str, Artifact]
) -> pa.Table:
    """The rewards of the imported rollouts.

    Raises:
        DataError: No response has a reward that counts, or the verifier is asked and a problem has
            no gold answer.
    """
    names = ["rollout_id", "problem_id", "completion", "finish_reason", "completion_ids"]
    table = inputs["rollouts"].table(Rollout, names)
    logged = inputs["rollouts"].table(ImportedRollout)
    given: _Values = logged["reward"].to_pylist()
    parts = {n: logged[n].to_pylist() for n in logged.column_names if n.startswith("reward_")}
    groups = Groups(table["problem_id"].to_pylist())
    if stage.verify != "instead" and all(value is None for value in given):
        raise _no_rewards(run)
    if stage.verify == "no":
        found = _unverified(run, table, given, stage.correct_from)
    else:
        found = _verified(run, inputs, table, groups)
        parts |= {**found.parts, IMPORTED: given, VERIFIED: found.rewards}
    values = found.rewards if stage.verify == "instead" else given
    verdicts = _with_unknown(found.verdicts, values)
    values = [
        None if verdict in (Verdict.VERIFIER_ERROR, Verdict.NO_REWARD) else value
        for verdict, value in zip(verdicts, values, strict=True)
    ]
    written = {
        "rollout_id": table["rollout_id"],
        "problem_id": table["problem_id"],
        "verdict": [verdict.value for verdict in verdicts],
        "extracted": found.extracted,
        "format_ok": found.formats,
        "reward": values,
        "advantage": advantages(values, groups),
        **parts,
    }
    return to_table(Reward, written)


def _no_rewards(run: StageRun) -> DataError:
    from rlsd_pipeline.imports.recognised import alike
    from rlsd_pipeline.imports.stages import RolloutsImport

    rollouts = run.stage(RolloutsStage)
    known = alike(rollouts.source) if isinstance(rollouts, RolloutsImport) else ""
    return DataError(
        "no response of the log has a reward: name its column, as by `--option reward=NAME` of "
        f"`generic`, or let the verifier's rewards count by `--verify`{known}"
    )


def _with_unknown(verdicts: Sequence[Verdict], values: _Values) -> list[Verdict]:
    """A response without a reward is neither right nor wrong, and the verifier did not fail."""
    return [
        Verdict.NO_REWARD if value is None and verdict is not Verdict.VERIFIER_ERROR else verdict
        for verdict, value in zip(verdicts, values, strict=True)
    ]


def _unverified(
    run: StageRun, table: pa.Table, given: _Values, correct_from: float | None
) -> _Verdicts:
    verifier = run.workspace.verifier
    with guarded(verifier, "imported responses"):
        formats = [verifier.format_ok(text) for text in table["completion"].to_pylist()]
    verdicts = [_by_reward(reward, correct_from) for reward in given]
    return _Verdicts(verdicts, [None] * len(given), formats, given, {})


def _by_reward(reward: float | None, correct_from: float | None) -> Verdict:
    if correct_from is None or reward is None:
        return Verdict.UNVERIFIED
    return Verdict.CORRECT if reward >= correct_from else Verdict.INCORRECT


def _verified(
    run: StageRun, inputs: Mapping[str, Artifact], table: pa.Table, groups: Groups
) -> _Verdicts:
    known = run.workspace.problems(inputs["problems"])
    _require_answers(known, groups.problem_ids)
    verified = judged(run, table, known)
    require_judged(groups, [v.verdict for v in verified], [v.reason for v in verified])
    responses = list(sampled_responses(run, table, known, verified))
    rewards, parts = rewarded(run.experiment.reward, responses, groups)
    return _Verdicts(
        [v.verdict for v in verified],
        [v.extracted for v in verified],
        [response.format_ok for response in responses],
        rewards,
        parts,
    )


def _require_answers(known: Mapping[str, Problem], asked: Sequence[str]) -> None:
    without = [name for name in asked if not known[name].has_answer]
    if without:
        raise DataError(
            f"{len(without)} of {len(asked)} problems have no gold answer, first {without[0]}, so "
            "nothing can be verified: declare the `dataset` that the prompts come from, name the "
            "log's column of answers, or leave `--verify` out"
        )
