"""rewards: a verdict, a reward and a group-relative advantage for each rollout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.errors import ArtifactError, DataError
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.rewards.parts import rewarded
from rlsd_pipeline.rewards.reward_function import Response
from rlsd_pipeline.rewards.usual import weights_alone
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.stages.table import TableStage
from rlsd_pipeline.verifiers.groups import unjudged_groups
from schemas import FinishReason, Problem, Reward, Rollout, Verdict

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.stages.workspace import StageRun, Workspace
    from rlsd_pipeline.verifiers.verifier import Verification


class RewardsStage(Stage):
    """Judge each rollout by the verifier, and compute its reward and advantage."""

    type: Literal["rewards"] = "rewards"

    name = "rewards"
    description = "Verdict, reward and group-relative advantage."
    version = "2"
    reads = ("problems", "rollouts")
    decided_by = ("verifier", "reward")
    writes = (Reward,)

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The budget of a response, which a part may read.

        Where no response reached it, no input tells of it.
        """
        plain = weights_alone(run.experiment.reward) is not None
        return {} if plain else {"max_tokens": run.experiment.sampling.max_tokens}

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Verify, reward and compare.

        Raises:
            ComponentError: A part of the reward raises, or gives something else than numbers.
            DataError: Most groups are ones in which the verifier mostly failed.
        """
        from rlsd_pipeline.artifacts.tables import to_table

        progress, known = run.workspace.progress, run.workspace.problems(inputs["problems"])
        names = ["rollout_id", "problem_id", "completion", "finish_reason", "completion_ids"]
        table = inputs["rollouts"].table(Rollout, names)
        verified = judged(run, table, known)
        verdicts, problem_ids = [v.verdict for v in verified], table["problem_id"].to_pylist()
        groups = Groups(problem_ids)
        require_judged(groups, verdicts, [v.reason for v in verified])
        responses = list(sampled_responses(run, table, known, verified))
        formats = [response.format_ok for response in responses]
        values, parts = rewarded(run.experiment.reward, responses, groups)
        present = [value for value in values if value is not None]
        if present:
            progress.metric("reward", sum(present) / len(present))
        progress.metric("accuracy", verdicts.count(Verdict.CORRECT) / max(len(verdicts), 1))
        progress.metric("format", sum(formats) / max(len(formats), 1))
        written = {
            "rollout_id": table["rollout_id"],
            "problem_id": problem_ids,
            "verdict": [v.verdict.value for v in verified],
            "extracted": [v.extracted for v in verified],
            "format_ok": formats,
            "reward": values,
            "advantage": advantages(values, groups),
            **parts,
        }
        out.table(Reward, to_table(Reward, written))

    def metrics(self, artifact: Artifact) -> dict[str, float]:
        """Mean reward and its parts, rollouts that carry signal, verdict counts."""
        from rlsd_pipeline.tracking.metrics import reward_metrics

        return reward_metrics(artifact.table(Reward))


def judged(run: StageRun, rollouts: pa.Table, known: Mapping[str, Problem]) -> list[Verification]:
    """The verifier's verdict on each rollout."""
    run.workspace.progress.start("rewards", len(rollouts), "rollouts")
    verified = []
    for row in rollouts.select(["completion", "problem_id", "finish_reason"]).to_pylist():
        cut = row["finish_reason"] == FinishReason.LENGTH
        problem = known[row["problem_id"]]
        verified.append(verify(run.workspace, row["completion"], problem, cut=cut))
        run.workspace.progress.advance(1)
    return verified


def sampled_responses(
    run: StageRun,
    rollouts: pa.Table,
    known: Mapping[str, Problem],
    verified: Sequence[Verification],
) -> Iterator[Response]:
    """Each rollout with its verdict, as the parts of the reward see it."""
    for row, verification in enumerate(verified):
        problem_id, completion, reason = (
            rollouts[name][row].as_py() for name in ("problem_id", "completion", "finish_reason")
        )
        ids = rollouts["completion_ids"][row].values.to_numpy()
        reason = FinishReason(reason)
        yield as_response(run.workspace, known[problem_id], completion, ids, reason, verification)


def as_response(
    workspace: Workspace,
    problem: Problem,
    completion: str,
    completion_ids: np.ndarray,
    finish_reason: FinishReason,
    verification: Verification,
) -> Response:
    """A response with its verdict, as the parts of the reward see it."""
    verifier = workspace.verifier
    with guarded(verifier, f"problem {problem.problem_id}"):
        format_ok = verifier.format_ok(completion)
    return Response(
        problem=problem,
        completion=completion,
        completion_ids=completion_ids,
        finish_reason=finish_reason,
        verdict=verification.verdict,
        extracted=verification.extracted,
        format_ok=format_ok,
        max_tokens=workspace.experiment.sampling.max_tokens,
    )


class RewardsTable(TableStage, RewardsStage):  # type: ignore[misc]
    """Verdicts and rewards from a table."""

    type: Literal["table"] = "table"  # type: ignore[assignment]

    def check(self, run: StageRun, inputs: Mapping[str, Artifact], table: pa.Table) -> None:
        """Check that each row has the problem of its rollout.

        Raises:
            ArtifactError: Names the row and the column.
        """
        sampled = inputs["rollouts"].table(Rollout, ["problem_id"])["problem_id"].to_pylist()
        for row, (found, owner) in enumerate(
            zip(table["problem_id"].to_pylist(), sampled, strict=True)
        ):
            if found != owner:
                raise ArtifactError(
                    f"row {row}, problem_id: {found!r}, and its rollout is of {owner!r}"
                )


def require_judged(
    groups: Groups, verdicts: Sequence[Verdict], reasons: Sequence[str | None]
) -> None:
    """Stop where most groups are ones in which the verifier mostly failed.

    Raises:
        DataError: So they are: training on the rest would be training on nothing.
    """
    failed = unjudged_groups(groups, verdicts)
    if 2 * len(failed) <= len(groups):
        return
    said = Counter(
        reason
        for verdict, reason in zip(verdicts, reasons, strict=True)
        if verdict is Verdict.VERIFIER_ERROR
    )
    raise DataError(
        f"the verifier failed on most responses of {len(failed)} of {len(groups)} groups, first "
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


def advantages(rewards: list[float | None], groups: Groups) -> list[float]:
    """Group-normalised rewards; a rollout without a reward has 0 and is left out of its group."""
    import torch

    from rlsd_pipeline.advantages.standardised import Standardised

    values = [float("nan") if reward is None else reward for reward in rewards]
    of_rows = torch.tensor(groups.of_rows, dtype=torch.long)
    return Standardised().advantages(torch.tensor(values, dtype=torch.float64), of_rows).tolist()
