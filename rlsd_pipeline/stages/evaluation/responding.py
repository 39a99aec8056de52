"""Samples a policy's responses to the questions of a benchmark."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.artifacts.tables import rows
from rlsd_pipeline.config.evaluation import BenchmarkConfig
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engine import Engine, SamplingRequest
from rlsd_pipeline.rollouts.kept import sample_part
from rlsd_pipeline.stages.evaluation.benchmark_responses import (
    Asked,
    BenchmarkResponsesStage,
    Budget,
)
from rlsd_pipeline.stages.iteration.prompts import encode, require_budget
from rlsd_pipeline.stages.workspace import StageRun
from schemas import BenchmarkResponse, FinishReason


class Asking(NamedTuple):
    """How questions are put and answered.

    Attributes:
        engine: What samples.
        benchmark: How the policy answers.
        system: The system prompt, if there is one.
        budget: Tokens of a prompt and of a response.
    """

    engine: Engine
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
    engine, store = run.experiment.engine, run.workspace.store
    size = engine.batch_prompts
    stages = [
        BenchmarkResponsesStage(
            benchmark=benchmark, items=items, asked=asked[start : start + size], budget=budget
        )
        for start in range(0, len(asked), size)
    ]
    requests = [stage.request(run) for stage in stages]
    kept = [None if run.recompute else store.find(r.stage, r.fingerprint) for r in requests]
    asking = Asking(engine, benchmark, run.experiment.prompts.system, budget)
    missing = [stage.asked for stage, part in zip(stages, kept, strict=True) if part is None]
    answers = run.workspace.compute.each(
        run.read("policy"), partial(answer, asking), missing, lambda _: None
    )
    responses: list[BenchmarkResponse] = []
    for stage, request, part in zip(stages, requests, kept, strict=True):
        # Each batch is written as soon as it is there.
        asking_it = stage.model_copy(update={"answers": answers})
        found = part or store.produce(
            request, partial(asking_it.write, run, {}), recompute=run.recompute
        )
        responses += rows(BenchmarkResponse, found.table(BenchmarkResponse))
        progress.advance(len(stage.asked))
    return responses


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
