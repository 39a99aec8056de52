"""The `rollouts` asset."""

from collections.abc import Iterator

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.checks import blocking, not_finite, result
from assets.stages.config import RolloutsConfig


def rollouts_asset(declared: Declared) -> dg.AssetsDefinition:
    """G responses to each problem of the iteration."""
    key = declared.key("rollouts")

    @dg.asset(
        **declared.iteration_asset("rollouts", "G responses a problem, with their log-probs."),
        check_specs=blocking(key, finite="Every log-probability is a finite number."),
    )
    def rollouts(
        context: dg.AssetExecutionContext, config: RolloutsConfig
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from rlsd_pipeline.stages.rollouts import sample_rollouts
        from schemas import Rollout

        run = declared.at(context, recompute=config.recompute, draw=config.draw)
        artifact = sample_rollouts(run)
        table = artifact.table(Rollout)
        lengths = [len(ids) for ids in table["completion_ids"].to_pylist()]
        cut = table["finish_reason"].to_pylist().count("length")
        yield materialized(
            artifact,
            {
                "dagster/row_count": len(table),
                "tokens": sum(lengths),
                "response_length": sum(lengths) / len(lengths),
                "cut_share": cut / len(lengths),
                "first_rows": dg.MetadataValue.table(
                    [
                        dg.TableRecord({"rollout": rollout, "response": text})
                        for rollout, text in zip(
                            table["rollout_id"][:8].to_pylist(),
                            table["completion"][:8].to_pylist(),
                            strict=True,
                        )
                    ]
                ),
            },
        )
        found = not_finite(table, "rollout_logprobs")
        yield result(key, "finite", found, "log-probabilities are not finite")

    return rollouts
