"""The `logprobs` asset."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.checks import blocking, misaligned, not_finite, result
from assets.stages.config import StageConfig

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.run import StageRun


def logprobs_asset(declared: Declared) -> dg.AssetsDefinition:
    """The sampled tokens under the student and under the privileged teacher."""
    key = declared.key("logprobs")

    @dg.asset(
        **declared.iteration_asset(
            "logprobs",
            "The sampled tokens under the student and, where the arm's method reads one, under "
            "the privileged teacher. The teacher is a `policy` of this or an earlier iteration.",
        ),
        check_specs=blocking(
            key,
            aligned="Token ids are those of the rollouts, row by row.",
            finite="Every log-probability is a finite number.",
        ),
    )
    def logprobs(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from rlsd_pipeline.stages.iteration.logprobs import score_rollouts
        from schemas import TokenLogprobs

        run = declared.at(context, recompute=config.recompute)
        artifact = score_rollouts(run)
        table = artifact.table(TokenLogprobs)
        yield materialized(
            artifact,
            {
                "dagster/row_count": len(table),
                "teacher": artifact.manifest.inputs.get("teacher", "none read"),
            },
        )
        yield from logprobs_checks(key, run, artifact)

    return logprobs


def logprobs_checks(
    key: dg.AssetKey, run: "StageRun", artifact: "Artifact"
) -> Iterator[dg.AssetCheckResult]:
    """The checks of the stage on an artifact of it."""
    from schemas import Rollout, TokenLogprobs

    table = artifact.table(TokenLogprobs)
    sampled = run.read("rollouts").table(Rollout, ["rollout_id", "completion_ids"])
    yield result(key, "aligned", misaligned(table, sampled), "rows are about other tokens")
    found = not_finite(table, "student_logprobs", "teacher_logprobs", "teacher_plain_logprobs")
    yield result(key, "finite", found, "log-probabilities are not finite")
