"""benchmark_responses: what a policy says to the questions of a benchmark.

Kept batch by batch and apart from the verdicts: an evaluation that is interrupted goes on where it
stopped, and another rule or a judge generates nothing again.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.artifacts.tables import record_table, rows
from rlsd_pipeline.config.evaluation import BenchmarkConfig
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engine import SamplingRequest
from rlsd_pipeline.rollouts.engines import build_engine
from rlsd_pipeline.stages.prompts import require_budget
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
    at_once = run.experiment.engine.batch_prompts
    responses: list[BenchmarkResponse] = []
    for start in range(0, len(asked), at_once):
        batch = asked[start : start + at_once]
        part = _respond(run, benchmark, items, batch, budget)
        responses += rows(BenchmarkResponse, part.table(BenchmarkResponse))
        progress.advance(len(batch))
    return responses


def _respond(
    run: StageRun,
    benchmark: BenchmarkConfig,
    items: Artifact,
    asked: Sequence[Asked],
    budget: Budget,
) -> Artifact:
    policy = run.read("policy")

    def write(out: ArtifactWriter) -> None:
        loaded = run.workspace.pool.get(policy)
        responses = _sample(run, benchmark, loaded, asked, budget)
        out.table(BenchmarkResponse, record_table(BenchmarkResponse, responses))

    texts = [(each.problem.problem_id, each.text) for each in asked]
    request = benchmark_responses_request(run, benchmark, items, texts, budget)
    return run.workspace.store.produce(request, write, recompute=run.recompute)


def _sample(
    run: StageRun,
    benchmark: BenchmarkConfig,
    policy: Policy,
    asked: Sequence[Asked],
    budget: Budget,
) -> list[BenchmarkResponse]:
    system = run.experiment.prompts.system
    prompts = [policy.encode(each.text, each.problem.images, system) for each in asked]
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
    completions = build_engine(run.experiment.engine).sample(policy, request)
    return [
        BenchmarkResponse(
            problem_id=asked[index // benchmark.samples].problem.problem_id,
            sample_index=index % benchmark.samples,
            completion=policy.decode(completion.completion_ids),
            tokens=len(completion.completion_ids),
            truncated=completion.finish_reason is FinishReason.LENGTH,
        )
        for index, completion in enumerate(completions)
    ]
