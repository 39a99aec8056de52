"""The summary of an import as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlsd_pipeline.imports.summary import ImportSummary, import_summary, sampler_note
from schemas import ImportReport, Reward, Rollout, Verdict

if TYPE_CHECKING:
    from rlsd_pipeline.stages.workspace import StageRun


def import_lines(run: StageRun) -> list[str]:
    """Rows used and not used, groups, lengths, rewards, verdicts, and how near the model is.

    Raises:
        ArtifactError: Nothing was imported here.
    """
    rollouts, rewards = run.read("rollouts"), run.read("rewards")
    report = rollouts.record(ImportReport)
    lines = _lines(report, import_summary(rollouts.table(Rollout), rewards.table(Reward)))
    note = sampler_note(run)
    return lines if note is None else [*lines, note]


def _lines(report: ImportReport, found: ImportSummary) -> list[str]:
    step = "" if report.step is None else f" of step {report.step}"
    sizes = f"{report.smallest_group}" + (
        f" to {report.largest_group}" if report.largest_group > report.smallest_group else ""
    )
    tokens = ", ".join(f"{count:,} {name}" for name, count in report.tokens.items())
    lines = [
        f"{report.format}: {report.rollouts:,} of {report.rows:,} rows{step} became rollouts, in "
        f"{report.groups:,} groups of {sizes}",
        f"token ids: {tokens}; log-probabilities of the sampler: {report.with_logprobs:,}; reason "
        f"why sampling ended: {report.with_finish:,}; rewards: {report.with_reward:,}",
        f"length: {found.lengths[0]:.1f} tokens on average, {found.lengths[1]} at most",
    ]
    if found.rewards is not None:
        mean, low, high = found.rewards
        lines.append(
            f"reward: {mean:.4f} on average, from {low:g} to {high:g}; {found.level_groups} of "
            f"{found.groups} groups have one reward alone, and teach nothing"
        )
    named = {Verdict.NO_REWARD.value: "without a reward"}
    verdicts = (f"{n} {named.get(name, name)}" for name, n in found.verdicts.items())
    lines.append("verdicts: " + ", ".join(verdicts))
    if found.disagreements is not None:
        lines.append(f"verifier and logged reward disagree on {found.disagreements} responses")
    if report.advantage_sign is not None and report.advantage_sign < 1:
        lines.append(
            f"the logged advantages have the sign of the rewards in {report.advantage_sign:.0%} of "
            "the responses: is every reward column one, and its weight right?"
        )
    lines += [
        f"not used: {count:,} with {reason} (first: {report.first_unusable[reason]})"
        for reason, count in report.unusable.items()
    ]
    return lines
