"""Scores the sampled tokens under the student and under the privileged teacher.

Both see exactly the sampled completion ids, at the rollouts' temperature and in one precision. The
student's prompt is encoded again and must equal the sampled one. The student is not run again where
its log-probabilities are those of sampling.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import torch

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.credit.columns import SQUARED_PROBS, STUDENT_ENTROPY, TEACHER_ENTROPY
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.scoring import Keep, Scored, keep_entries_of, keep_likeliest
from rlsd_pipeline.privileged.context import JudgedRollout
from rlsd_pipeline.privileged.shown import teacher_problem, teacher_texts
from rlsd_pipeline.stages.iteration.alignment import (
    require_room,
    require_same_images,
    require_same_prompts,
)
from rlsd_pipeline.stages.iteration.prompts import encode, student_prompt
from rlsd_pipeline.stages.iteration.reused_logprobs import (
    TOLERANCE,
    largest_gap,
    rows_to_check,
)
from rlsd_pipeline.stages.iteration.scoring import score_here
from rlsd_pipeline.stages.iteration.teacher import require_same_tokenizer
from rlsd_pipeline.stages.workspace import StageRun
from schemas import Problem, Reward, TeacherDistribution, Verdict

_STUDENT_MOMENTS = {STUDENT_ENTROPY, SQUARED_PROBS}


class Contexts:
    """Scores one table of rollouts under several contexts."""

    def __init__(self, run: StageRun, inputs: Mapping[str, Artifact], table: pa.Table) -> None:
        self.run = run
        self.rewards = inputs.get("rewards")
        problems = run.workspace.problems(inputs["problems"])
        self.completion_ids = table["completion_ids"].to_pylist()
        self.sampled_from = table["prompt_ids"].to_pylist()
        problem_ids = table["problem_id"].to_pylist()
        self.groups = Groups(problem_ids)
        self.owners = [problems[problem_id] for problem_id in problem_ids]
        self.completions = table["completion"].to_pylist()
        # Another trainer may not have written them down.
        self.sampled = [
            None if one is None else torch.tensor(one)
            for one in table["rollout_logprobs"].to_pylist()
        ]
        self.plain_prompts: list[EncodedPrompt] = []
        self.divergence = run.arm.weighting.stored_divergence
        self.columns = run.arm.columns
        self.gap, self.checked = 0.0, 0
        run.workspace.progress.start("logprobs", None, "rollouts")

    def student(self, artifact: Artifact, *, reuse: bool) -> list[Scored]:
        """The plain context, which must be the one that was sampled from.

        Args:
            artifact: The policy that sampled.
            reuse: Take what sampling found, if scoring some rollouts finds the same.
        """
        policy = self.run.workspace.compute.reader(artifact)
        self.plain_prompts = [student_prompt(self.run.experiment, policy, p) for p in self.owners]
        require_same_prompts(self.owners, self.plain_prompts, self.sampled_from)
        self.student_policy = policy
        if self.divergence is not None:
            require_room(self.divergence, self.completion_ids, policy)
        ours = self.divergence is not None and self.divergence.support == "student"
        keep = keep_likeliest(self.divergence.top_k) if ours and self.divergence else None
        sampled = [one for one in self.sampled if one is not None]
        reuse = reuse and keep is None
        asked = bool(self.columns & _STUDENT_MOMENTS)
        rows = rows_to_check(self.groups, list(map(len, self.completion_ids))) if reuse else []
        if reuse and not asked:
            self._check(artifact, rows)
            if self.gap <= TOLERANCE:
                return [Scored(one, None) for one in sampled]
        scored = _all(self._score(artifact, self.plain_prompts, keep, moments=True))
        found = [one.logprobs for one in scored]
        self.gap, self.checked = _gap(self.sampled, found), len(scored)
        if reuse and asked and largest_gap(_at(sampled, rows), _at(found, rows)) <= TOLERANCE:
            # As arms have them that ask for no moment.
            pairs = zip(scored, sampled, strict=True)
            return [one._replace(logprobs=values) for one, values in pairs]
        return scored

    def _check(self, policy: Artifact, rows: Sequence[int]) -> None:
        """Score some rollouts, and how far they are from what sampling found."""
        chosen = set(rows)
        prompts = [p if row in chosen else None for row, p in enumerate(self.plain_prompts)]
        found = _all(self._score(policy, prompts, None))
        sampled = [self.sampled[row] for row in rows]
        self.gap = _gap(sampled, [one.logprobs for one in found])
        self.checked = len(rows)

    def teacher(self, artifact: Artifact, student: Sequence[Scored]) -> list[Scored | None]:
        """The privileged context; None where there is nothing to show."""
        policy = self.taught_by(artifact)
        shown, distinct = self.run.arm.privileged, {one.problem_id: one for one in self.owners}
        seen = {name: teacher_problem(shown, one) for name, one in distinct.items()}
        prompts = self._privileged_prompts(policy, seen)
        require_same_images(
            self.owners,
            self.plain_prompts,
            # Other images than the student's may be of any size.
            [
                prompt if seen[owner.problem_id] is owner else None
                for owner, prompt in zip(self.owners, prompts, strict=True)
            ],
        )
        keep: Keep | None = None
        if self.divergence is not None and self.divergence.support == "teacher":
            keep = keep_likeliest(self.divergence.top_k)
        elif self.divergence is not None:
            keep = keep_entries_of(student)
        moments = TEACHER_ENTROPY in self.columns
        return self._score(artifact, prompts, keep, moments=moments)

    def plain(self, artifact: Artifact) -> list[Scored]:
        """Other weights in the plain context: the base model, or the control of a teacher."""
        policy = self.run.workspace.compute.reader(artifact)
        prompts = [student_prompt(self.run.experiment, policy, p) for p in self.owners]
        return _all(self._score(artifact, prompts, None))

    def taught_by(self, artifact: Artifact) -> Policy:
        """A teacher, which must read the student's tokens."""
        policy = self.run.workspace.compute.reader(artifact)
        require_same_tokenizer(self.student_policy, policy)
        return policy

    def judged(self) -> list[JudgedRollout]:
        """Each rollout with its verdict, where verdicts are read."""
        verdicts: list[tuple[Verdict | None, str | None]] = [(None, None)] * len(self.owners)
        if self.rewards is not None:
            rows = self.rewards.table(Reward, ["verdict", "extracted"]).to_pylist()
            verdicts = [(Verdict(row["verdict"]), row["extracted"]) for row in rows]
        return [
            JudgedRollout(problem, text, *verdict)
            for problem, text, verdict in zip(self.owners, self.completions, verdicts, strict=True)
        ]

    def _privileged_prompts(
        self, policy: Policy, seen: Mapping[str, Problem]
    ) -> list[EncodedPrompt | None]:
        arm, experiment = self.run.arm, self.run.experiment
        texts = teacher_texts(experiment.prompts, arm.privileged, self.judged())
        return [
            None
            if text is None
            else encode(policy, seen[owner.problem_id], text, experiment.prompts.system)
            for text, owner in zip(texts, self.owners, strict=True)
        ]

    def score(
        self, policy: Artifact, prompts: Sequence[EncodedPrompt | None]
    ) -> list[Scored | None]:
        """The responses behind other prompts; None where there is no prompt."""
        return self._score(policy, prompts, None)

    def _score(
        self,
        policy: Artifact,
        prompts: Sequence[EncodedPrompt | None],
        keep: Keep | None,
        *,
        moments: bool = False,
    ) -> list[Scored | None]:
        return score_here(self.run, policy, prompts, self.completion_ids, keep, moments=moments)


def _gap(sampled: Sequence[torch.Tensor | None], scored: Sequence[torch.Tensor]) -> float:
    """The largest, of the responses whose log-probabilities of sampling are known."""
    pairs = [(a, b) for a, b in zip(sampled, scored, strict=True) if a is not None]
    return largest_gap([a for a, _ in pairs], [b for _, b in pairs])


def _at(values: Sequence[torch.Tensor], rows: Sequence[int]) -> list[torch.Tensor]:
    return [values[row] for row in rows]


def _all(scored: Sequence[Scored | None]) -> list[Scored]:
    return [one for one in scored if one is not None]


def token_column(
    scored: Sequence[Scored | None], field: str = "logprobs"
) -> list[np.ndarray | None]:
    """One list of numbers a response, of a field of `Scored`; None where it was not scored."""
    values = [None if one is None else getattr(one, field) for one in scored]
    return [None if one is None else one.numpy() for one in values]


def distribution_table(table: pa.Table, scored: Sequence[Scored | None]) -> pa.Table:
    """The kept entries of the teacher's distribution, as rows of `TeacherDistribution`."""
    supports = [None if one is None else one.support for one in scored]
    sizes = [support.ids.shape[1] for support in supports if support is not None]
    columns = {
        "rollout_id": table["rollout_id"],
        "completion_ids": table["completion_ids"],
        "support_size": [sizes[0] if sizes else 1] * len(table),
        "support_ids": [None if s is None else s.ids.flatten().numpy() for s in supports],
        "support_logprobs": [None if s is None else s.logprobs.flatten().numpy() for s in supports],
        "tail_logprobs": [None if s is None else s.tail.numpy() for s in supports],
    }
    return to_table(TeacherDistribution, columns)
