"""token_weights: the per-token streams of the arm's method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.credit.identity import credit_identity
from rlsd_pipeline.errors import ArtifactError
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.stages.table import TableStage
from schemas import Reward, Rollout, TokenLogprobs, TokenValues, TokenWeights

if TYPE_CHECKING:
    import pyarrow as pa

    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.config.experiment import Arm, ExperimentConfig
    from rlsd_pipeline.stages.workspace import StageRun


class TokenWeightsStage(Stage):
    """Turn rewards and log-probabilities into the credit of each token."""

    type: Literal["token_weights"] = "token_weights"

    name = "token_weights"
    description = "Per-token credit by the arm's weighting."
    version = "2"
    reads = ("rollouts", "rewards", "logprobs")
    decided_by = ("verifier",)
    writes = (TokenWeights,)

    def upstream(self, experiment: ExperimentConfig) -> tuple[str, ...]:
        """Token values come before it where a method reads them."""
        reads = any(arm.weighting.reads_values for arm in experiment.arms)
        return (*self.reads, TokenValuesStage.name) if reads else self.reads

    def needs(self, name: str, arm: Arm) -> bool:
        """The other arms have nothing to do with them."""
        return name != TokenValuesStage.name or arm.weighting.reads_values

    def inputs(self, run: StageRun) -> dict[str, Artifact]:
        """The inputs, with the token values if the arm's method reads them."""
        name, reads = TokenValuesStage.name, run.arm.weighting.reads_values
        return super().inputs(run) | ({name: run.read(name)} if reads else {})

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The weighting with its schedules resolved at this iteration, and its advantages."""
        weighting = run.arm.weighting.at_iteration(run.iteration)
        return credit_identity(weighting, run.arm.advantages)

    def require(self, run: StageRun, inputs: Mapping[str, Artifact]) -> None:
        """Refuse tables of other rollouts."""
        from rlsd_pipeline.stages.iteration.alignment import require_made_from

        for name in inputs.keys() - {"rollouts"}:
            require_made_from(inputs[name], inputs["rollouts"])

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Weigh, token by token."""
        from rlsd_pipeline.artifacts.tables import to_table
        from rlsd_pipeline.credit.checked import checked_streams
        from rlsd_pipeline.credit.states import with_values
        from rlsd_pipeline.credit.summary import summary
        from rlsd_pipeline.credit.tables import (
            ragged,
            read_credit,
            row_offsets,
            under,
            with_nothing_told,
        )

        weighting = run.arm.weighting.at_iteration(run.iteration)
        sampled = inputs["rollouts"].table(Rollout)
        scored = inputs["logprobs"].table(TokenLogprobs)
        run.workspace.progress.start(self.name, len(scored), "rollouts")
        extraction = run.workspace.verifier.extraction
        credit = read_credit(sampled, inputs["rewards"].table(Reward), scored, extraction)
        credit = under(run.arm.advantages, credit)
        credit = with_nothing_told(credit, weighting.columns)
        if weighting.reads_values:
            credit, unvalued = with_values(credit, inputs[TokenValuesStage.name].table(TokenValues))
            out.measure(unvalued_responses=float(unvalued))
        streams = checked_streams(weighting, credit)
        offsets = row_offsets(scored["completion_ids"])
        columns = {"rollout_id": scored["rollout_id"], "completion_ids": scored["completion_ids"]}
        for name, values in streams._asdict().items():
            columns[name] = [None] * len(scored) if values is None else ragged(values, offsets)
        out.table(TokenWeights, to_table(TokenWeights, columns), aligned_with=sampled)
        out.measure(**summary(credit, streams))
        run.workspace.progress.advance(len(scored))

    def metrics(self, artifact: Artifact) -> dict[str, float]:
        """Mean, spread and extremes of each present stream."""
        from rlsd_pipeline.tracking.metrics import STREAMS, weight_metrics

        return weight_metrics(artifact.table(TokenWeights, list(STREAMS)))


class TokenWeightsTable(TableStage, TokenWeightsStage):  # type: ignore[misc]
    """Credit from a table."""

    type: Literal["table"] = "table"  # type: ignore[assignment]

    def check(self, run: StageRun, inputs: Mapping[str, Artifact], table: pa.Table) -> None:
        """Check that a weighed divergence exists.

        Raises:
            ArtifactError: The arm's method stores no divergence.
        """
        weighed = table["distillation_weights"].null_count < len(table)
        if weighed and run.arm.weighting.stored_divergence is None:
            raise ArtifactError(
                "distillation_weights weigh a divergence to the teacher's distribution, and "
                f"`{run.arm.method}` stores none: leave the column out"
            )
