"""The tables of an iteration as the policy update reads them: one entry a prompt."""

import random
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import torch

from rlsd_pipeline.artifacts import Artifact, check_same_tokens
from rlsd_pipeline.artifacts.validation import contiguous
from rlsd_pipeline.credit.columns import BASE
from rlsd_pipeline.credit.tables import flat, row_offsets
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.models.logprobs import EMPTY, Support
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.stages.iteration.alignment import sampled_by_another_engine
from rlsd_pipeline.stages.iteration.prompts import student_prompt
from rlsd_pipeline.stages.workspace import StageRun
from rlsd_pipeline.update.engine_correction import engine_ratios
from rlsd_pipeline.update.policy_update import UpdateGroup
from rlsd_pipeline.update.token_loss import Tokens
from rlsd_pipeline.weighting.method import TokenStreams
from schemas import Rollout, TeacherDistribution, TokenLogprobs, TokenWeights

_TOKENS = ["rollout_id", "completion_ids"]


def update_groups(
    run: StageRun, inputs: Mapping[str, Artifact], policy: Policy
) -> list[UpdateGroup]:
    """The rollouts with their streams, grouped by problem.

    Raises:
        AlignmentError: The tables are not about the same tokens.
    """
    rollouts = inputs["rollouts"].table(Rollout, ["problem_id", "rollout_logprobs", *_TOKENS])
    weights = inputs["token_weights"].table(TokenWeights)
    old = inputs["logprobs"].table(TokenLogprobs, ["student_logprobs", BASE, *_TOKENS])
    for table in (weights, old):
        check_same_tokens(table, rollouts)
    teacher = None
    if run.arm.weighting.stored_divergence is not None:
        kept = inputs["logprobs"].table(TeacherDistribution)
        check_same_tokens(kept, rollouts)
        teacher = _support(kept)
    student_logprobs = flat(old["student_logprobs"])
    ratios = None
    known = rollouts["rollout_logprobs"].null_count == 0
    if known and sampled_by_another_engine(inputs["rollouts"]):
        ratios = engine_ratios(student_logprobs, flat(rollouts["rollout_logprobs"]))
    base = flat(old[BASE]) if old[BASE].null_count == 0 else None
    every = Tokens(student_logprobs, _streams(weights), teacher, ratios, base)
    problems = run.workspace.problems(inputs["problems"])
    groups = Groups(rollouts["problem_id"].to_pylist())
    offsets = row_offsets(rollouts["completion_ids"])
    completion_ids = rollouts["completion_ids"].to_pylist()
    return [
        UpdateGroup(
            student_prompt(run.experiment, policy, problems[problem_id]),
            [completion_ids[row] for row in rows],
            _of_rows(every, offsets, rows),
        )
        for problem_id, rows in zip(groups.problem_ids, groups.members, strict=True)
    ]


def minibatch_seed(run: StageRun) -> int:
    """One number for the order of an update's minibatches; arms of one seed share it."""
    return random.Random(f"minibatches/{run.arm.seed}/{run.iteration}").getrandbits(62)


def _streams(weights: pa.Table) -> TokenStreams:
    columns = {name: weights[name] for name in TokenStreams._fields}
    return TokenStreams(**{name: None if c.null_count else flat(c) for name, c in columns.items()})


def _support(table: pa.Table) -> Support:
    """The kept entries; where the teacher was not asked, ones that weigh nothing."""
    size = table["support_size"][0].as_py()
    present = contiguous(table["support_ids"]).is_valid().to_numpy(zero_copy_only=False)
    lengths = np.diff(row_offsets(table["completion_ids"]))
    asked = torch.from_numpy(present.repeat(lengths))
    ids = torch.zeros(len(asked), size, dtype=torch.long)
    logprobs, tail = torch.full((len(asked), size), EMPTY), torch.zeros(len(asked))
    ids[asked] = flat(table["support_ids"], np.int64).reshape(-1, size)
    logprobs[asked] = flat(table["support_logprobs"]).reshape(-1, size)
    tail[asked] = flat(table["tail_logprobs"])
    return Support(ids, logprobs, tail)


def _of_rows(tokens: Tokens, offsets: np.ndarray, rows: Sequence[int]) -> Tokens:
    places = [np.arange(offsets[row], offsets[row + 1]) for row in rows]
    return tokens.at(torch.from_numpy(np.concatenate(places)))
