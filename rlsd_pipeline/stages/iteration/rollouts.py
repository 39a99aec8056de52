"""rollouts: G responses to each problem of the iteration, sampled by the current policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.config.precision import scoring_identity
from rlsd_pipeline.stages.stage import Stage
from schemas import Rollout

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.stages.run import StageRun


class RolloutsStage(Stage):
    """Draw the iteration's problems and sample a group of responses to each.

    An arm that learns from reference responses gets these instead, one a problem.
    """

    type: Literal["rollouts"] = "rollouts"

    name = "rollouts"
    description = "G responses a problem, with their log-probs."
    version = "3"
    reads = ("problems", "policy")
    decided_by = ("sampling", "engine", "prompts")
    writes = (Rollout,)
    computes = True

    def settings(self, run: StageRun) -> dict[str, Any]:
        """Arms of one seed that share a policy share its rollouts."""
        responses = run.arm.weighting.responses
        found: dict[str, Any] = {"responses": responses, "engine": run.experiment.engine.identity}
        if responses == "reference":
            found |= scoring_identity(run.experiment, run.arm.teacher)
        return found

    def seeds(self, run: StageRun) -> dict[str, int]:
        """Of the problems and the responses."""
        return {"arm": run.arm.seed, "iteration": run.iteration, "draw": run.draw}

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Sample and write one table.

        Raises:
            ConfigError: One iteration asks for more problems than there are.
            DataError: A prompt or a reference response is longer than the budget.
        """
        from rlsd_pipeline.stages.iteration.sampling import sampled_table

        table = sampled_table(run, inputs["problems"], inputs["policy"])
        out.table(Rollout, table)
        out.measure(tokens=float(sum(map(len, table["completion_ids"].to_pylist()))))

    def metrics(self, artifact: Artifact) -> dict[str, float]:
        """Tokens, lengths, and the share that the limit cut."""
        from rlsd_pipeline.tracking.metrics import rollout_metrics

        return rollout_metrics(artifact.table(Rollout, ["completion_ids", "finish_reason"]))
