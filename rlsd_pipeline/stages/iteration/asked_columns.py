"""Scores columns that few methods read: the teacher with siblings, the student with altered images.

Each column needs its own passes over the responses, behind its own prompts. Correct and wrong
siblings share one template, `prompts.sibling_reference`, so that the effect of the wording on the
teacher cancels in their comparison (RLCSD, arXiv 2606.11709).
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from PIL import Image

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.contexts import ContextsConfig
from rlsd_pipeline.credit.columns import (
    BLANK_IMAGE,
    BLURRED_IMAGE,
    CORRECT_SIBLING,
    PATCHED_IMAGE,
    WRONG_SIBLING,
    WRONG_SIBLINGS,
)
from rlsd_pipeline.data.altered_images import altered, blank, blurred, patched
from rlsd_pipeline.models.policy import EncodedPrompt
from rlsd_pipeline.models.scoring import Scored
from rlsd_pipeline.privileged.kinds.sibling import demonstration
from rlsd_pipeline.privileged.siblings import Siblings, siblings
from rlsd_pipeline.stages.iteration.alignment import require_same_prompts
from rlsd_pipeline.stages.iteration.contexts import Contexts, token_column
from rlsd_pipeline.stages.iteration.prompts import encode, student_prompt
from schemas import Problem, Verdict

Columns = dict[str, list[np.ndarray | None]]
Alter = Callable[[Image.Image], Image.Image]


def sibling_columns(contexts: Contexts, teacher: Artifact) -> Columns:
    """The sampled tokens under a teacher that sees a correct or a wrong response of the group."""
    found = _siblings(contexts)
    columns: Columns = {}
    if CORRECT_SIBLING in contexts.columns:
        rows = [each.correct for each in found]
        columns[CORRECT_SIBLING] = token_column(_beside(contexts, teacher, rows))
    counts = {WRONG_SIBLING: 1, WRONG_SIBLINGS: contexts.run.experiment.contexts.wrong_siblings}
    needed = max([count for name, count in counts.items() if name in contexts.columns], default=0)
    places = [(*each.wrong, *[None] * needed)[:needed] for each in found]
    passes = [_beside(contexts, teacher, others) for others in zip(*places, strict=True)]
    if WRONG_SIBLING in contexts.columns:
        columns[WRONG_SIBLING] = token_column(passes[0])
    if WRONG_SIBLINGS in contexts.columns:
        columns[WRONG_SIBLINGS] = [_mean(row) for row in zip(*passes, strict=True)]
    return columns


def _mean(scores: Sequence[Scored | None]) -> np.ndarray | None:
    """Log of the mean probability of each token; None where nothing was scored."""
    known = [one.logprobs for one in scores if one is not None]
    if not known:
        return None
    mean = torch.stack(known).logsumexp(0) - math.log(len(known))
    found: np.ndarray = mean.clamp(max=0.0).numpy()
    return found


def _siblings(contexts: Contexts) -> list[Siblings]:
    """The siblings of each rollout, as indices of the table."""
    declared, judged = contexts.run.experiment.contexts, contexts.judged()
    found = [Siblings(None, ())] * len(judged)
    groups = zip(contexts.groups.problem_ids, contexts.groups.members, strict=True)
    for problem_id, rows in groups:
        draw = random.Random(f"siblings/{declared.seed}/{problem_id}")
        verdicts = [judged[row].verdict or Verdict.UNVERIFIED for row in rows]
        for row, own in zip(rows, siblings(verdicts, declared.wrong_siblings, draw), strict=True):
            correct = None if own.correct is None else rows[own.correct]
            found[row] = Siblings(correct, tuple(rows[other] for other in own.wrong))
    return found


def _beside(
    contexts: Contexts, teacher: Artifact, others: Sequence[int | None]
) -> list[Scored | None]:
    """Each response under the teacher that sees another one; None without another one."""
    policy = contexts.taught_by(teacher)
    prompts = contexts.run.experiment.prompts
    asked: list[EncodedPrompt | None] = []
    for problem, other in zip(contexts.owners, others, strict=True):
        if other is None:
            asked.append(None)
            continue
        shown = demonstration(contexts.completions[other])
        text = prompts.fill(prompts.sibling_reference, question=problem.question, sibling=shown)
        asked.append(encode(policy, problem, text, prompts.system))
    return contexts.score(teacher, asked)


def altered_columns(contexts: Contexts, policy: Artifact) -> Columns:
    """The sampled tokens under the student before altered images; None where there is no image."""
    ways = _ways(contexts.run.experiment.contexts)
    return {
        name: token_column(contexts.score(policy, _altered_prompts(contexts, policy, way)))
        for name, way in ways.items()
        if name in contexts.columns
    }


def _ways(declared: ContextsConfig) -> Mapping[str, Callable[[str], Alter]]:
    """Column -> what is done to an image, given the name of it."""

    def black(name: str) -> Alter:
        draw = random.Random(f"patches/{declared.seed}/{name}")
        return partial(patched, share=declared.patch_share, side=declared.patch_side, draw=draw)

    return {
        BLANK_IMAGE: lambda _: blank,
        BLURRED_IMAGE: lambda _: partial(blurred, deviation=declared.blur),
        PATCHED_IMAGE: black,
    }


def _altered_prompts(
    contexts: Contexts, artifact: Artifact, way: Callable[[str], Alter]
) -> list[EncodedPrompt | None]:
    policy = contexts.run.workspace.compute.reader(artifact)
    known: dict[str, EncodedPrompt] = {}
    for problem, sampled_from in zip(contexts.owners, contexts.sampled_from, strict=True):
        if problem.images and problem.problem_id not in known:
            other = _with_images(problem, way)
            known[problem.problem_id] = student_prompt(contexts.run.experiment, policy, other)
            require_same_prompts([problem], [known[problem.problem_id]], [sampled_from])
    return [known.get(problem.problem_id) for problem in contexts.owners]


def _with_images(problem: Problem, way: Callable[[str], Alter]) -> Problem:
    images = [
        altered(image, way(f"{problem.problem_id}/{place}"))
        for place, image in enumerate(problem.images)
    ]
    return problem.model_copy(update={"images": images})
