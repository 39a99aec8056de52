"""The experiment's own held-out problems as a benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.evaluation.any_benchmark import AnyBenchmark

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.config.experiment import ExperimentConfig
    from rlsd_pipeline.stages.evaluation.benchmark_task import BenchmarkTask
    from rlsd_pipeline.stages.workspace import StageRun


class HeldoutBenchmark(AnyBenchmark):
    """The experiment's own held-out problems, judged by the verifier that gives the rewards."""

    type: Literal["heldout"] = "heldout"

    @property
    def items(self) -> str:
        """All problems of the data set."""
        return "problems"

    def items_at(self, run: StageRun) -> Artifact:
        """All problems of the data set."""
        return run.read(self.items)

    def test(self, run: StageRun, items: Artifact) -> BenchmarkTask:
        """Its `test` split, put as in training."""
        from rlsd_pipeline.stages.evaluation.heldout_benchmark import HeldoutTest

        return HeldoutTest(run, self, items)

    def questions(self, experiment: ExperimentConfig) -> int | None:
        """The number of problems that the data set holds out."""
        return experiment.dataset.held_out_count

    def response_tokens(self, experiment: ExperimentConfig) -> int:
        """The token limit of training."""
        return experiment.sampling.max_tokens

    def depends_on(self, experiment: ExperimentConfig) -> dict[str, Any]:
        """The budget of training."""
        return {"max_tokens": self.response_tokens(experiment)}
