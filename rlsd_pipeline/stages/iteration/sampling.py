"""Samples the responses of an iteration, or takes the data set's reference responses."""

import random
from collections.abc import Mapping, Sequence
from functools import partial

import pyarrow as pa

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.config.filled_template import FilledTemplate
from rlsd_pipeline.errors import ConfigError, DataError
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.rollouts.engine import Completion, SamplingRequest
from rlsd_pipeline.rollouts.kept import sample_part
from rlsd_pipeline.stages.iteration.prompts import (
    reference_response,
    require_budget,
    student_prompt,
)
from rlsd_pipeline.stages.iteration.scoring import score_here
from rlsd_pipeline.stages.workspace import StageRun
from schemas import FinishReason, Problem, Rollout


def sampled_table(run: StageRun, problems: Artifact, policy: Artifact) -> pa.Table:
    """The iteration's problems with their responses, as rows of `Rollout`.

    Raises:
        ConfigError: One iteration asks for more problems than there are.
        DataError: A prompt or a reference response is longer than the budget.
    """
    sampling, seed = run.experiment.sampling, run.arm.seed
    known = run.workspace.problems(problems)
    train = [problem for problem in known.values() if problem.split == "train"]
    chosen = choose_problems(train, sampling.prompts, run.iteration, seed)
    loaded = run.workspace.compute.reader(policy)
    prompts = [student_prompt(run.experiment, loaded, problem) for problem in chosen]
    named = {p.problem_id: prompt for p, prompt in zip(chosen, prompts, strict=True)}
    require_budget(named, sampling.max_prompt_tokens, "of sampling")
    if run.arm.weighting.responses == "reference":
        completions = _reference_responses(run, policy, chosen, prompts)
    else:
        completions = _sample(run, policy, chosen, prompts)
    return to_table(Rollout, _columns(chosen, prompts, completions, loaded))


def written_table(
    run: StageRun, policy: Artifact, responses: Mapping[str, Sequence[str]], problems: Artifact
) -> pa.Table:
    """Responses that something else wrote, with the policy's log-probabilities, as `Rollout` rows.

    Args:
        run: Where they are learnt from.
        policy: The policy that tokenizes and scores them.
        responses: Problem id -> the texts of its group.
        problems: Those that the ids name.

    Raises:
        DataError: There is no such problem, or a prompt or a response is longer than the budget.
    """
    known, loaded = run.workspace.problems(problems), run.workspace.compute.reader(policy)
    for name in responses:
        if name not in known:
            raise DataError(f"responses to {name!r}, which is no problem of the data set")
    chosen, size = [known[name] for name in responses], run.experiment.sampling.group_size
    for name, texts in responses.items():
        if len(texts) != size:
            raise DataError(
                f"{len(texts)} responses to problem {name}, and sampling.group_size is {size}"
            )
    prompts = [student_prompt(run.experiment, loaded, problem) for problem in chosen]
    named = dict(zip(responses, prompts, strict=True))
    require_budget(named, run.experiment.sampling.max_prompt_tokens, "of sampling")
    owned = [(owner, text) for owner in chosen for text in responses[owner.problem_id]]
    ids = [loaded.response_ids(FilledTemplate.fill(text, {})) for _, text in owned]
    _require_room(run, [owner for owner, _ in owned], ids)
    repeated = [prompt for prompt in prompts for _ in range(size)]
    completions = _scored(run, policy, repeated, ids)
    return to_table(Rollout, _columns(chosen, prompts, completions, loaded))


def _sample(
    run: StageRun, policy: Artifact, problems: list[Problem], prompts: list[EncodedPrompt]
) -> list[Completion]:
    sampling, engine = run.experiment.sampling, run.experiment.engine
    request = SamplingRequest(
        prompts=prompts,
        keys=[problem.problem_id for problem in problems],
        group_size=sampling.group_size,
        max_tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        seed=draw_seed(run.arm.seed, run.iteration, run.draw),
    )
    run.workspace.progress.start("rollouts", None, "tokens")
    sampled = run.workspace.compute.each(
        policy,
        partial(sample_part, engine),
        request.parts(engine.batch_prompts),
        run.workspace.progress.advance,
    )
    return [completion for part in sampled for completion in part]


def _reference_responses(
    run: StageRun, policy: Artifact, problems: list[Problem], prompts: list[EncodedPrompt]
) -> list[Completion]:
    """The data set's own response to each problem, with the policy's log-probabilities."""
    loaded = run.workspace.compute.reader(policy)
    completion_ids = [
        loaded.response_ids(reference_response(run.experiment, problem)) for problem in problems
    ]
    _require_room(run, problems, completion_ids)
    return _scored(run, policy, prompts, completion_ids)


def _require_room(
    run: StageRun, problems: Sequence[Problem], completion_ids: Sequence[Sequence[int]]
) -> None:
    most = run.experiment.sampling.max_tokens
    for problem, ids in zip(problems, completion_ids, strict=True):
        if len(ids) > most:
            raise DataError(
                f"the reference response to problem {problem.problem_id} has {len(ids)} tokens, "
                f"sampling.max_tokens is {most}: raise it or drop the problem"
            )


def _scored(
    run: StageRun,
    policy: Artifact,
    prompts: Sequence[EncodedPrompt],
    completion_ids: Sequence[list[int]],
) -> list[Completion]:
    """Responses that were not sampled, with the policy's log-probabilities."""
    run.workspace.progress.start("rollouts", len(completion_ids), "rollouts")
    scored = score_here(run, policy, prompts, completion_ids, None)
    return [
        Completion(ids, one.logprobs.tolist(), FinishReason.STOP)
        for ids, one in zip(completion_ids, scored, strict=True)
        if one is not None
    ]


def draw_seed(seed: int, iteration: int, draw: int) -> int:
    """One number for the randomness of a draw; arms of one seed share it."""
    return random.Random(f"rollouts/{seed}/{iteration}/{draw}").getrandbits(62)


def choose_problems(train: list[Problem], count: int, iteration: int, seed: int) -> list[Problem]:
    """The iteration's problems: an epoch visits each at most once, in an order of its own.

    What is left of an epoch after its last full iteration waits for the next order.

    Raises:
        ConfigError: One iteration asks for more problems than there are.
    """
    if count > len(train):
        raise ConfigError(
            f"sampling.prompts asks for {count} problems an iteration and the data set has "
            f"{len(train)} to learn from: lower sampling.prompts"
        )
    per_epoch = len(train) // count
    epoch, place = divmod(iteration, per_epoch)
    order = random.Random(f"problems/{seed}/{epoch}").sample(range(len(train)), len(train))
    return [train[index] for index in order[place * count : (place + 1) * count]]


def _columns(
    problems: list[Problem],
    prompts: list[EncodedPrompt],
    completions: list[Completion],
    policy: Policy,
) -> dict[str, list]:
    group_size = len(completions) // len(problems)
    sampled = range(len(completions))
    turns = [policy.turn(c.completion_ids) for c in completions]
    owner = [problems[index // group_size].problem_id for index in sampled]
    return {
        "rollout_id": [f"{owner[i]}#{i % group_size}" for i in sampled],
        "problem_id": owner,
        "sample_index": [i % group_size for i in sampled],
        "prompt_ids": [prompts[i // group_size].prompt_ids for i in sampled],
        "completion_ids": [c.completion_ids for c in completions],
        "completion": [turn.text for turn in turns],
        "token_ends": [
            [turn.begins + end for end in policy.token_ends(c.completion_ids, turn.sampled)]
            for c, turn in zip(completions, turns, strict=True)
        ],
        "rollout_logprobs": [c.rollout_logprobs for c in completions],
        "finish_reason": [c.finish_reason.value for c in completions],
    }
