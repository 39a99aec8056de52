"""Mutual information, deviation ratio and corruption probe on real rollouts.

The teacher scores each rollout under every answer of its group, under the gold answer, under
another problem's and under none; the student once. Nothing is sampled.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.credit.comparison import known
from rlsd_pipeline.diagnostics.group_information import (
    GroupDecomposition,
    group_decomposition,
    summarize_information,
)
from rlsd_pipeline.diagnostics.leakage.corruption import corruption_summary, total_variation_shift
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.models.policy import EncodedPrompt
from rlsd_pipeline.models.scoring import Keep, Scored, keep_entries_of, keep_likeliest
from rlsd_pipeline.privileged.context import JudgedRollout
from rlsd_pipeline.privileged.kinds.answer import Answer
from rlsd_pipeline.privileged.shown import teacher_texts
from rlsd_pipeline.stages.iteration.prompts import student_prompt
from rlsd_pipeline.stages.iteration.scoring import score_here
from rlsd_pipeline.stages.workspace import StageRun
from schemas import InformationGap, Problem

SUPPORT = 512
"""Entries kept of each distribution; a vocabulary up to this size is kept whole."""


class Probe:
    """Scores one table of rollouts under whatever answer the teacher is shown."""

    def __init__(
        self,
        run: StageRun,
        student: Artifact,
        teacher: Artifact,
        groups: Groups,
        problems: Mapping[str, Problem],
        completion_ids: Sequence[Sequence[int]],
    ) -> None:
        self.run, self.teacher, self.completion_ids = run, teacher, completion_ids
        self.groups = groups
        self.problems = [problems[problem_id] for problem_id in groups.problem_ids]
        self.owners = [self.problems[group] for group in groups.of_rows]
        self.student = self._score(student, self._plain(student), keep_likeliest(SUPPORT))

    def shown(self, answers: Sequence[str | None] | None) -> list[Scored]:
        """The teacher with an answer for each rollout; without any, in the plain context."""
        experiment = self.run.experiment
        if answers is None:
            plain = self._plain(self.teacher)
            return self._score(self.teacher, plain, keep_entries_of(self.student))
        shown = [
            owner.model_copy(update={"answer": answer or owner.answer})
            for owner, answer in zip(self.owners, answers, strict=True)
        ]
        judged = [JudgedRollout(problem, "") for problem in shown]
        texts = teacher_texts(experiment.prompts, Answer(), judged)
        teacher = self.run.workspace.compute.reader(self.teacher)
        prompts = [
            teacher.encode(text or "", owner.images, experiment.prompts.system)
            for text, owner in zip(texts, self.owners, strict=True)
        ]
        return self._score(self.teacher, prompts, keep_entries_of(self.student))

    def _plain(self, policy: Artifact) -> list[EncodedPrompt]:
        loaded = self.run.workspace.compute.reader(policy)
        return [student_prompt(self.run.experiment, loaded, owner) for owner in self.owners]

    def _score(
        self, policy: Artifact, prompts: Sequence[EncodedPrompt], keep: Keep
    ) -> list[Scored]:
        scored = score_here(self.run, policy, prompts, self.completion_ids, keep)
        return [one for one in scored if one is not None]


def summary(
    run: StageRun, probe: Probe, answers: list[str | None], policy: str, teacher: str
) -> InformationGap:
    """The results of the probe over tokens, responses and problems."""
    names, groups = [owner.problem_id for owner in probe.owners], probe.groups
    references = _references(groups, answers)
    by_reference = [
        probe.shown([_nth(references[group], place) for group in groups.of_rows])
        for place in range(max(map(len, references)))
    ]
    decomposed = [
        _decompose(probe.student[row], [s[row] for s in by_reference], references[group], answer)
        for row, (group, answer) in enumerate(zip(groups.of_rows, answers, strict=True))
    ]
    information = summarize_information(decomposed, names)
    others = _others(groups, [problem.answer for problem in probe.problems])
    right, corrupted = probe.shown([None] * len(names)), probe.shown(others)
    plain = probe.shown(None)
    shifts = [
        total_variation_shift(*(_joined(one) for one in of_row))
        for of_row in zip(right, corrupted, plain, strict=True)
    ]
    corruption = corruption_summary(shifts, names)
    first = probe.student[0].support
    return InformationGap(
        policy=policy,
        teacher=teacher,
        rollouts=len(names),
        problems=len(references),
        references_per_problem=sum(map(len, references)) / len(references),
        support_size=1 if first is None else first.ids.shape[1],
        information_per_token=information.information_per_token,
        information_per_response=information.information_per_response,
        reducible_per_token=information.reducible_per_token,
        irreducible_share=known(information.irreducible_share),
        deviation_ratio=known(information.deviation_ratio),
        shift_total=corruption.total,
        shift_content=corruption.content,
        shift_presence=corruption.presence,
        content_share=known(corruption.content_share),
    )


def _references(groups: Groups, answers: Sequence[str | None]) -> list[Counter[str]]:
    """The answers of each group with their counts; unparsed ones are left out; `[groups]`."""
    given = [[answers[row] for row in rows] for rows in groups.members]
    found = [Counter(answer for answer in of if answer is not None) for of in given]
    return [counts or Counter([""]) for counts in found]


def _nth(counts: Counter[str], place: int) -> str | None:
    """The reference at a place; what stands beyond the last is scored, but never read."""
    return sorted(counts)[min(place, len(counts) - 1)]


def _decompose(
    student: Scored, by_reference: Sequence[Scored], counts: Counter[str], answer: str | None
) -> GroupDecomposition:
    used, known = by_reference[: len(counts)], sorted(counts)
    return group_decomposition(
        torch.stack([_joined(scored) for scored in used]),
        _joined(student),
        torch.stack([scored.logprobs for scored in used]).double(),
        [counts[one] for one in known],
        None if answer is None else known.index(answer),
    )


def _joined(scored: Scored) -> Tensor:
    """Entries and bucket as one log-distribution that sums to 1; `[tokens, k + 1]`, float64."""
    if scored.support is None:
        raise ValueError("the probe keeps a distribution of every response")
    joined = scored.support.joined.double()
    return joined - joined.logsumexp(-1, keepdim=True)


def _others(groups: Groups, answers: Sequence[str]) -> list[str | None]:
    """For each rollout the answer of the next problem whose answer is another one.

    Args:
        groups: Groups of rollouts that answer one problem.
        answers: Answers of each group's problem; `[groups]`.
    """
    others: list[str | None] = []
    for place, own in enumerate(answers):
        following = (*answers[place + 1 :], *answers[:place])
        others.append(next((answer for answer in following if answer != own), None))
    return [others[group] for group in groups.of_rows]
