"""benchmark_scores: a policy on a benchmark, response by response, and its score."""

from collections.abc import Callable, Sequence

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.config.dataset import EasyVQADataset
from rlsd_pipeline.config.experiment import HeldoutBenchmark
from rlsd_pipeline.data.blind import blind_baseline
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.evaluation.heldout import breakdown, count, overall
from rlsd_pipeline.rollouts.engine import Completion, SamplingRequest
from rlsd_pipeline.rollouts.transformers_engine import TransformersEngine
from rlsd_pipeline.stages.prompts import student_prompt
from rlsd_pipeline.stages.requests import benchmark_scores_request
from rlsd_pipeline.stages.rewards import verify
from rlsd_pipeline.stages.run import StageRun
from schemas import BenchmarkScore, FinishReason, ItemVerdict, PolicyCheckpoint, Problem, Verdict

StepOutcomes = Callable[[str, str | None, Problem], dict[str, str]]
"""Response, extracted answer and problem -> the outcome of each step."""


def evaluate_policy(run: StageRun, benchmark: HeldoutBenchmark) -> Artifact:
    """Score the policy of an iteration on one benchmark."""
    problems, policy = run.read("problems"), run.read("policy")

    def write(out: ArtifactWriter) -> None:
        known = list(run.workspace.problems(problems).values())
        asked = [problem for problem in known if problem.split == "test"]
        if not asked:
            raise ConfigError("the data set holds out no problems: set dataset.test_share")
        items = _judge(run, benchmark, policy, asked, _respond(run, benchmark, policy, asked))
        train = [problem for problem in known if problem.split == "train"]
        out.record(_score(run, benchmark, items, blind_baseline(train, asked)))
        columns = {
            name: [getattr(item, name) for item in items] for name in ItemVerdict.model_fields
        }
        out.table(ItemVerdict, to_table(ItemVerdict, columns))

    return run.produce(benchmark_scores_request(run, benchmark), write)


def _respond(
    run: StageRun, benchmark: HeldoutBenchmark, policy: Artifact, asked: Sequence[Problem]
) -> list[Completion]:
    experiment, progress = run.experiment, run.workspace.progress
    loaded = run.workspace.pool.get(policy)
    progress.start(f"benchmark_scores/{benchmark.name}", None, "tokens")
    request = SamplingRequest(
        prompts=[student_prompt(experiment, loaded, problem) for problem in asked],
        keys=[problem.problem_id for problem in asked],
        group_size=benchmark.samples,
        max_tokens=experiment.sampling.max_tokens,
        temperature=benchmark.temperature,
        seed=benchmark.seed,
    )
    engine = TransformersEngine(experiment.engine.batch_prompts)
    return engine.sample(loaded, request, progress.advance)


def _judge(
    run: StageRun,
    benchmark: HeldoutBenchmark,
    policy: Artifact,
    asked: Sequence[Problem],
    completions: Sequence[Completion],
) -> list[ItemVerdict]:
    loaded = run.workspace.pool.get(policy)
    steps = _steps_of(run)
    items = []
    for index, completion in enumerate(completions):
        problem = asked[index // benchmark.samples]
        text = loaded.decode(completion.completion_ids)
        cut = completion.finish_reason is FinishReason.LENGTH
        verified = verify(run.workspace, text, problem, cut=cut)
        items.append(
            ItemVerdict(
                problem_id=problem.problem_id,
                sample_index=index % benchmark.samples,
                completion=text,
                extracted=verified.extracted,
                verdict=verified.verdict,
                attributes=problem.attributes | steps(text, verified.extracted, problem),
            )
        )
    return items


def _steps_of(run: StageRun) -> StepOutcomes:
    """How the data set splits a response into steps; most know none."""
    if isinstance(run.experiment.dataset, EasyVQADataset):
        from rlsd_pipeline.data.easy_vqa_steps import easy_vqa_steps

        return easy_vqa_steps
    return lambda completion, extracted, problem: {}


def _score(
    run: StageRun, benchmark: HeldoutBenchmark, items: Sequence[ItemVerdict], blind: float
) -> BenchmarkScore:
    confidence, policy = run.experiment.evaluation.confidence, run.read("policy")
    estimate = overall(items, confidence)
    return BenchmarkScore(
        benchmark=benchmark.name,
        split="test",
        policy=policy.digest,
        updates=policy.record(PolicyCheckpoint).updates,
        questions=len({item.problem_id for item in items}),
        samples=benchmark.samples,
        temperature=benchmark.temperature,
        score=estimate.value,
        interval_low=estimate.low,
        interval_high=estimate.high,
        confidence=confidence,
        correct=count(items, Verdict.CORRECT),
        unparsed=count(items, Verdict.UNPARSED),
        truncated=count(items, Verdict.TRUNCATED),
        verifier_errors=count(items, Verdict.VERIFIER_ERROR),
        blind_baseline=blind,
        breakdown=breakdown(items, confidence),
    )
