"""lookahead: the scores after one update by every method, as an artifact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.errors import ArtifactError
from rlsd_pipeline.stages.stage import Stage
from schemas import Lookahead

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.stages.workspace import StageRun


class LookaheadStage(Stage):
    """Update by every method from one policy and the same rollouts, and evaluate each."""

    type: Literal["lookahead"] = "lookahead"

    name = "lookahead"
    description = (
        "One update by every method from the same policy and rollouts. Each updated policy is "
        "evaluated on the first benchmark. The arm itself does not change."
    )
    version = "3"
    reads = ("problems", "policy", "rollouts", "rewards")
    writes = (Lookahead,)
    computes = True

    def inputs(self, run: StageRun) -> dict[str, Artifact]:
        """The score before the update, and by every method the one after it.

        Raises:
            ArtifactError: The evaluations have not been made here.
        """
        from rlsd_pipeline.stages.comparison.lookahead import scores_here

        return scores_here(run, run.experiment.evaluation.benchmarks[0])

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The method that the scores are compared with."""
        evaluation = run.experiment.evaluation
        return {"compared_with": run.experiment.compared_with, "confidence": evaluation.confidence}

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Compare the scores over the same questions."""
        from rlsd_pipeline.stages.comparison.lookahead import compared

        out.record(
            Lookahead(
                policy=run.read("policy").digest,
                benchmark=run.experiment.evaluation.benchmarks[0].name,
                compared_with=run.experiment.compared_with,
                methods=compared(run, inputs),
            )
        )

    def is_current(self, run: StageRun) -> bool:
        """Whether it is what the experiment now declares; not where a score is missing."""
        try:
            return super().is_current(run)
        except ArtifactError:
            # A method was declared since, or a score was deleted: asked for, it is made.
            return False

    def make(self, run: StageRun) -> Artifact:
        """The table, once every method has made its update and has been evaluated."""
        from rlsd_pipeline.stages.comparison.lookahead import look_ahead

        look_ahead(run, run.experiment.evaluation.benchmarks[0])
        return super().make(run)
