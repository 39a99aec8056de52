"""benchmark_responses: what a policy says to the questions of a benchmark.

Kept batch by batch and apart from the verdicts: an evaluation that is interrupted goes on where it
stopped, and another rule or a judge generates nothing again.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest, ArtifactWriter
from rlsd_pipeline.artifacts.tables import record_table, rows
from rlsd_pipeline.config.engine import EngineConfig
from rlsd_pipeline.config.evaluation import BenchmarkConfig
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engine import SamplingRequest
from rlsd_pipeline.rollouts.engines import sample_part
from rlsd_pipeline.stages.iteration.prompts import encode, require_budget
from rlsd_pipeline.stages.requests import benchmark_responses_request
from rlsd_pipeline.stages.run import StageRun
from schemas import BenchmarkResponse, FinishReason, Problem


class Asked(NamedTuple):
    """A question as it is put to the policy.

    Attributes:
        problem: The question with its images.
        text: The prompt.
    """

    problem: Problem
    text: str


class Budget(NamedTuple):
    """What a prompt and a response may take, in tokens."""

    prompt: int
    response: int


class Asking(NamedTuple):
    """How questions are put and answered.

    Attributes:
        engine: What samples.
        benchmark: How the policy answers.
        system: The system prompt, if there is one.
        budget: Tokens of a prompt and of a response.
    """

    engine: EngineConfig
    benchmark: BenchmarkConfig
    system: str | None
    budget: Budget


def respond(
    run: StageRun,
    benchmark: BenchmarkConfig,
    items: Artifact,
    asked: Sequence[Asked],
    budget: Budget,
) -> list[BenchmarkResponse]:
    """The policy's responses, question after question, `samples` each.

    Args:
        run: The arm's policy.
        benchmark: How it answers.
        items: The artifact that the questions are from.
        asked: The questions.
        budget: Tokens of a prompt and of a response.

    Raises:
        DataError: A prompt is longer than the budget.
    """
    progress = run.workspace.progress
    progress.start(f"benchmark_scores/{benchmark.name}", len(asked), "questions")
    engine = run.experiment.engine
    size = engine.batch_prompts
    batches = [asked[start : start + size] for start in range(0, len(asked), size)]
    requests = [_request(run, benchmark, items, batch, budget) for batch in batches]
    store = run.workspace.store
    kept = [None if run.recompute else store.find(r.stage, r.fingerprint) for r in requests]
    asking = Asking(engine, benchmark, run.experiment.prompts.system, budget)
    missing = [batch for batch, part in zip(batches, kept, strict=True) if part is None]
    answered = run.workspace.compute.each(
        run.read("policy"), partial(answer, asking), missing, lambda _: None
    )
    responses: list[BenchmarkResponse] = []
    for batch, request, part in zip(batches, requests, kept, strict=True):
        found = part or _keep(run, request, answered)
        responses += rows(BenchmarkResponse, found.table(BenchmarkResponse))
        progress.advance(len(batch))
    return responses


def _request(
    run: StageRun,
    benchmark: BenchmarkConfig,
    items: Artifact,
    asked: Sequence[Asked],
    budget: Budget,
) -> ArtifactRequest:
    texts = [(each.problem.problem_id, each.text) for each in asked]
    return benchmark_responses_request(run, benchmark, items, texts, budget)


def _keep(
    run: StageRun, request: ArtifactRequest, answered: Iterator[list[BenchmarkResponse]]
) -> Artifact:
    """Write the next batch of answers as soon as it is there."""
    started = time.perf_counter()
    responses = next(answered)
    seconds = time.perf_counter() - started

    def write(out: ArtifactWriter) -> None:
        out.table(BenchmarkResponse, record_table(BenchmarkResponse, responses))
        out.measure(seconds=seconds)

    return run.workspace.store.produce(request, write, recompute=run.recompute)


def answer(
    asking: Asking, policy: Policy, asked: Sequence[Asked], advance: Callable[[int], None]
) -> list[BenchmarkResponse]:
    """The policy's responses to some questions.

    Raises:
        DataError: A prompt is longer than the budget.
    """
    benchmark, budget = asking.benchmark, asking.budget
    prompts = [encode(policy, each.problem, each.text, asking.system) for each in asked]
    named = {each.problem.problem_id: prompt for each, prompt in zip(asked, prompts, strict=True)}
    require_budget(named, budget.prompt, f"of the benchmark {benchmark.name}")
    request = SamplingRequest(
        prompts=prompts,
        keys=list(named),
        group_size=benchmark.samples,
        max_tokens=budget.response,
        temperature=benchmark.temperature,
        seed=benchmark.seed,
        top_p=benchmark.top_p,
        top_k=benchmark.top_k,
    )
    completions = sample_part(asking.engine, policy, request, advance)
    return [
        BenchmarkResponse(
            problem_id=asked[index // benchmark.samples].problem.problem_id,
            sample_index=index % benchmark.samples,
            completion=policy.turn(completion.completion_ids).text,
            tokens=len(completion.completion_ids),
            truncated=completion.finish_reason is FinishReason.LENGTH,
        )
        for index, completion in enumerate(completions)
    ]
