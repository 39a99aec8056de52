"""rewards: a verdict, a reward and a group-relative advantage for each rollout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.verifiers.groups import unjudged_groups
from schemas import FinishReason, Problem, Reward, Rollout, Verdict

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.stages.run import StageRun, Workspace
    from rlsd_pipeline.verifiers.verifier import Verification


class RewardsStage(Stage):
    """Let the verifier judge each rollout, and compare it with its group."""

    type: Literal["rewards"] = "rewards"

    name = "rewards"
    description = "Verdict, reward and group-relative advantage."
    version = "2"
    reads = ("problems", "rollouts")
    decided_by = ("verifier", "reward")
    writes = (Reward,)

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Verify, reward and compare.

        Raises:
            DataError: Most groups are ones in which the verifier mostly failed.
        """
        from rlsd_pipeline.artifacts.tables import to_table

        reward, progress = run.experiment.reward, run.workspace.progress
        known = run.workspace.problems(inputs["problems"])
        columns = ["rollout_id", "problem_id", "completion", "finish_reason"]
        sampled = inputs["rollouts"].table(Rollout, columns).to_pydict()
        progress.start(self.name, len(sampled["rollout_id"]), "rollouts")
        verified = []
        for completion, problem_id, reason in zip(
            sampled["completion"], sampled["problem_id"], sampled["finish_reason"], strict=True
        ):
            cut = reason == FinishReason.LENGTH
            verified.append(verify(run.workspace, completion, known[problem_id], cut=cut))
            progress.advance(1)
        format_ok = run.workspace.verifier.format_ok
        formats = [format_ok(completion) for completion in sampled["completion"]]
        values = [
            None
            if v.verdict is Verdict.VERIFIER_ERROR
            else reward.accuracy_weight * (v.verdict is Verdict.CORRECT) + reward.format_weight * ok
            for v, ok in zip(verified, formats, strict=True)
        ]
        verdicts = [v.verdict for v in verified]
        require_judged(sampled["problem_id"], verdicts, [v.reason for v in verified])
        present = [value for value in values if value is not None]
        if present:
            progress.metric("reward", sum(present) / len(present))
        progress.metric("accuracy", verdicts.count(Verdict.CORRECT) / max(len(verdicts), 1))
        progress.metric("format", sum(formats) / max(len(formats), 1))
        written = {
            "rollout_id": sampled["rollout_id"],
            "problem_id": sampled["problem_id"],
            "verdict": [v.verdict.value for v in verified],
            "extracted": [v.extracted for v in verified],
            "format_ok": formats,
            "reward": values,
            "advantage": advantages(values, sampled["problem_id"]),
        }
        out.table(Reward, to_table(Reward, written))

    def metrics(self, artifact: Artifact) -> dict[str, float]:
        """Mean reward and its parts, rollouts that carry signal, verdict counts."""
        from rlsd_pipeline.tracking.metrics import reward_metrics

        columns = ["problem_id", "reward", "verdict", "advantage", "format_ok", "extracted"]
        return reward_metrics(artifact.table(Reward, columns))


def require_judged(
    problem_ids: Sequence[str], verdicts: Sequence[Verdict], reasons: Sequence[str | None]
) -> None:
    """Stop where most groups are ones in which the verifier mostly failed.

    Raises:
        DataError: So they are: training on the rest would be training on nothing.
    """
    failed, groups = unjudged_groups(problem_ids, verdicts), len(set(problem_ids))
    if 2 * len(failed) <= groups:
        return
    said = Counter(
        reason
        for verdict, reason in zip(verdicts, reasons, strict=True)
        if verdict is Verdict.VERIFIER_ERROR
    )
    raise DataError(
        f"the verifier failed on most responses of {len(failed)} of {groups} groups, first "
        f"{', '.join(failed[:3])}, most often because {said.most_common(1)[0][0]}: "
        "correct the gold answers of these problems, or choose the verifier that fits them"
    )


def verify(workspace: Workspace, completion: str, problem: Problem, *, cut: bool) -> Verification:
    """The verdict on one response; one that was cut before or within its answer is truncated.

    An answer that goes on to the end of a cut response may be a part of one: 2 of 24.
    """
    verification = workspace.verifier.verify(completion, problem)
    if not cut or verification.verdict is Verdict.VERIFIER_ERROR:
        return verification
    span = workspace.verifier.extraction.locate(completion)
    within = span is not None and span[1] >= len(completion.rstrip())
    if within or verification.verdict is Verdict.UNPARSED:
        return verification._replace(verdict=Verdict.TRUNCATED)
    return verification


def advantages(rewards: list[float | None], problem_ids: list[str]) -> list[float]:
    """Group-normalised rewards; a rollout without a reward has 0 and is left out of its group."""
    import torch

    from rlsd_pipeline.weighting.grpo import group_advantages

    index = {problem_id: place for place, problem_id in enumerate(dict.fromkeys(problem_ids))}
    groups = torch.tensor([index[problem_id] for problem_id in problem_ids])
    values = [float("nan") if reward is None else reward for reward in rewards]
    return group_advantages(torch.tensor(values, dtype=torch.float64), groups).tolist()
