"""results: the newest scores of all methods as an artifact, renewed with every new score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.components.component import short_name
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.stage import Stage
from schemas import Results

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.config.experiment import ExperimentConfig
    from rlsd_pipeline.stages.evaluation.policy_evaluation import PolicyEvaluation
    from rlsd_pipeline.stages.workspace import StageRun


class ResultsStage(Stage):
    """Compare the newest scores of all methods."""

    type: Literal["results"] = "results"

    name = "results"
    description = (
        "The newest score of every method over its seeds, compared with the base and with one "
        "method. Every evaluation makes it anew."
    )
    version = "3"
    scope = "experiment"
    reads = (BenchmarkScoresStage.name,)
    writes = (Results,)

    def upstream(self, experiment: ExperimentConfig) -> tuple[str, ...]:
        """The scores on every benchmark."""
        benchmarks = experiment.evaluation.benchmarks
        return tuple(BenchmarkScoresStage(benchmark=each).full_name for each in benchmarks)

    def inputs(self, run: StageRun) -> dict[str, Artifact]:
        """The scores that are compared, each by its reference below the experiment's."""
        from rlsd_pipeline.stages.evaluation.policy_evaluation import read_scores
        from rlsd_pipeline.stages.evaluation.results import newest_scores

        return {
            _role(benchmark, arm, updates): one.artifact
            for benchmark, arms in newest_scores(run.experiment, read_scores(run.workspace)).items()
            for arm, scores in arms.items()
            for updates, one in scores.items()
        }

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The arms of each method, and the method that they are compared with."""
        experiment = run.experiment
        return {
            "methods": {
                name: {
                    "weighting": short_name(arms[0].weighting),
                    "arms": {arm.name: arm.seed for arm in arms},
                }
                for name, arms in experiment.methods().items()
            },
            "benchmarks": [benchmark.name for benchmark in experiment.evaluation.benchmarks],
            "compared_with": experiment.compared_with,
            "confidence": experiment.evaluation.confidence,
        }

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Compare the scores; of a benchmark that nothing was evaluated on there is no line."""
        from rlsd_pipeline.stages.evaluation.policy_evaluation import PolicyEvaluation
        from rlsd_pipeline.stages.evaluation.results import results_of

        experiment = run.experiment
        scores: dict[str, dict[str, dict[int, PolicyEvaluation]]] = {
            benchmark.name: {arm: {} for arm in experiment.lineages()}
            for benchmark in experiment.evaluation.benchmarks
        }
        for role, artifact in inputs.items():
            arm, updates, stage = role.split("/")
            of = scores[stage.removeprefix(f"{BenchmarkScoresStage.name}.")][arm]
            of[int(updates)] = PolicyEvaluation(artifact, experiment.evaluation.confidence)
        out.record(
            Results(
                compared_with=experiment.compared_with,
                confidence=experiment.evaluation.confidence,
                lines=results_of(experiment, scores),
            )
        )

    def make(self, run: StageRun) -> Artifact:
        """The table, with every score that came while it was made."""
        artifact = super().make(run)
        while not self.is_current(run):
            artifact = super().make(run)
        return artifact


def _role(benchmark: str, arm: str, updates: int) -> str:
    return f"{arm}/{updates:03d}/{BenchmarkScoresStage.name}.{benchmark}"
