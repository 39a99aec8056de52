"""The operations of evaluating one policy."""

from dataclasses import dataclass

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.plan.timing import Setting, sampling_seconds
from rlsd_pipeline.plan.workload import Pass


@dataclass(frozen=True)
class Evaluation:
    """One policy on every benchmark whose size is known.

    Attributes:
        responses: Name of a benchmark -> responses that are sampled for it.
        unknown: Benchmarks whose size depends on the data set, left out.
        seconds: Seconds of all benchmarks with known sizes.
    """

    responses: dict[str, int]
    unknown: tuple[str, ...]
    seconds: float


def evaluation(experiment: ExperimentConfig, setting: Setting) -> Evaluation:
    """Sampling the responses; scoring them is left out."""
    sampling, expected = experiment.sampling, experiment.assumptions
    responses: dict[str, int] = {}
    seconds, unknown = 0.0, []
    for benchmark in experiment.evaluation.benchmarks:
        questions = benchmark.questions(experiment)
        if questions is None:
            unknown.append(benchmark.name)
            continue
        longest = benchmark.response_tokens(experiment)
        read = Pass(
            benchmark.name,
            questions,
            expected.prompt_tokens or sampling.max_prompt_tokens,
            expected.image_tokens,
            questions * benchmark.samples,
            min(expected.response_tokens or longest, longest),
        )
        responses[benchmark.name] = read.responses
        seconds += sampling_seconds(setting, read, longest)
    return Evaluation(responses, tuple(unknown), seconds)
