"""Numbers of an import's tables that need no method."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from rlsd_pipeline.artifacts.validation import contiguous
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.imports.rewards import IMPORTED, VERIFIED
from schemas import Verdict

if TYPE_CHECKING:
    from rlsd_pipeline.stages.workspace import StageRun


class ImportSummary(NamedTuple):
    """Rewards, lengths, groups and verdicts.

    Attributes:
        rewards: Mean, lowest and highest; None where there are none.
        lengths: Mean and longest, in tokens.
        groups: How many there are.
        level_groups: Those whose rewards are all equal: nothing can be learnt from them.
        verdicts: Responses by verdict.
        disagreements: Responses whose logged reward is above the middle of the logged ones and that
            the verifier rejects, or below it and that it accepts; None where nothing was verified.
    """

    rewards: tuple[float, float, float] | None
    lengths: tuple[float, int]
    groups: int
    level_groups: int
    verdicts: dict[str, int]
    disagreements: int | None


def import_summary(rollouts: pa.Table, rewards: pa.Table) -> ImportSummary:
    """Describe the tables of an import.

    Args:
        rollouts: Rows of `Rollout`.
        rewards: Rows of `Reward`, in the same order.
    """
    values = np.array(rewards["reward"].to_pylist(), dtype=float)
    present = values[np.isfinite(values)]
    lengths = contiguous(rollouts["completion_ids"]).value_lengths().to_numpy()
    groups = Groups(rewards["problem_id"].to_pylist())
    spreads = [np.nanmax(v) - np.nanmin(v) for rows in groups.members if _any(v := values[rows])]
    verdicts, counts = np.unique(rewards["verdict"].to_pylist(), return_counts=True)
    found = None
    if len(present):
        found = (float(present.mean()), float(present.min()), float(present.max()))
    return ImportSummary(
        found,
        (float(lengths.mean()), int(lengths.max())),
        len(groups),
        sum(bool(spread == 0) for spread in spreads) + len(groups) - len(spreads),
        dict(zip(verdicts.tolist(), counts.tolist(), strict=True)),
        _disagreements(rewards),
    )


def _any(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).any())


def _disagreements(rewards: pa.Table) -> int | None:
    if VERIFIED not in rewards.column_names:
        return None
    logged = np.array(rewards[IMPORTED].to_pylist(), dtype=float)
    judged = np.isin(rewards["verdict"].to_pylist(), [Verdict.VERIFIER_ERROR], invert=True)
    known = np.isfinite(logged) & judged
    if not known.any():
        return 0
    middle = (logged[known].min() + logged[known].max()) / 2
    accepted = np.array(rewards["verdict"].to_pylist()) == Verdict.CORRECT.value
    return int(((logged > middle) != accepted)[known].sum())


def sampler_note(run: StageRun) -> str | None:
    """How far the model is from what sampled; None of rollouts that no model scored."""
    scored = run.workspace.store.intact_ref(run.reference("logprobs"))
    if scored is None or scored.manifest.inputs.get("rollouts") != run.read("rollouts").digest:
        return None
    measured = scored.manifest.measurements
    if "sampler_ratio_mean" not in measured:
        return "the log has no log-probabilities: whether this model sampled cannot be told"
    return (
        f"this model against what sampled: ratio {measured['sampler_ratio_mean']:.3g} on average, "
        f"effective sample size {measured['sampler_effective_sample_size']:.0%} of the tokens"
    )
