"""Comparison on imported rollouts that no model has scored, from the tables alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from rlsd_pipeline.artifacts.validation import contiguous
from rlsd_pipeline.credit.columns import STUDENT, TEACHER
from rlsd_pipeline.verifiers.groups import is_unverified

if TYPE_CHECKING:
    from rlsd_pipeline.stages.workspace import StageRun
    from rlsd_pipeline.weighting.method import Weighting

NO_STUDENT = (
    "the method reads the policy's log-probabilities, and no model scored these rollouts: import "
    "them with a model"
)
NO_IMPORTED_TEACHER = (
    "the method needs teacher_logprobs, and no teacher scored these rollouts: import them with a "
    "model"
)
NOTHING_TO_TELL = (
    "the method needs teacher_logprobs, and there was nothing to tell a teacher about any problem: "
    "where a log has no gold answers, import it into an experiment of the data set that its "
    "prompts come from"
)
NOTHING_CORRECT = (
    "the method learns from correct responses, and which are nobody has said: import them with "
    "`--verify`, or with `--correct-from`"
)


def is_unscored(run: StageRun) -> bool:
    """Whether the rollouts here were imported and have no log-probabilities."""
    store = run.workspace.store
    rollouts = store.intact_ref(run.reference("rollouts"))
    if rollouts is None or "policy" in rollouts.manifest.inputs:
        return False
    scored = store.intact_ref(run.reference("logprobs"))
    return scored is None or scored.manifest.inputs.get("rollouts") != rollouts.digest


def unscored_table(rollouts: pa.Table) -> pa.Table:
    """Rollouts as a table of log-probabilities: the sampler's own, or zeros where it has none."""
    ids = contiguous(rollouts["completion_ids"])
    known = rollouts["rollout_logprobs"]
    if known.null_count:
        zeros = pa.array(np.zeros(len(ids.flatten()), dtype=np.float32))
        offsets = np.concatenate([[0], np.cumsum(ids.value_lengths().to_numpy())])
        known = pa.ListArray.from_arrays(offsets.astype(np.int32), zeros)
    nothing = pa.nulls(len(ids), pa.list_(pa.float32()))
    return pa.table(
        {
            "rollout_id": rollouts["rollout_id"],
            "completion_ids": ids,
            "student_logprobs": known,
            "teacher_logprobs": nothing,
        }
    )


def leave_out_unverified(
    named: Mapping[str, Weighting], rewards: pa.Table, left_out: dict[str, str]
) -> dict[str, Weighting]:
    """Without any verdict, the methods but SFT; why it is left out goes to `left_out`.

    Args:
        named: The methods by name.
        rewards: Rows of `Reward`.
        left_out: Name -> why.
    """
    from rlsd_pipeline.weighting.sft import SFT

    if not is_unverified(rewards["verdict"].unique().to_pylist()):
        return dict(named)
    learners = {name: NOTHING_CORRECT for name, one in named.items() if isinstance(one, SFT)}
    left_out |= learners
    return {name: method for name, method in named.items() if name not in learners}


def leave_out_readers(
    named: Mapping[str, Weighting], rollouts: pa.Table, left_out: dict[str, str]
) -> dict[str, Weighting]:
    """The methods that need no log-probabilities; why another is left out goes to `left_out`.

    Where the log holds the sampler's, none is left out for the student's.

    Args:
        named: The methods by name.
        rollouts: Rows of `Rollout`.
        left_out: Name -> why.
    """
    if rollouts["rollout_logprobs"].null_count == 0:
        return dict(named)
    # What reads a teacher as well is left out for the want of one.
    readers = {
        name: NO_STUDENT
        for name, method in named.items()
        if STUDENT in method.columns and TEACHER not in method.columns
    }
    left_out |= readers
    return {name: method for name, method in named.items() if name not in readers}
