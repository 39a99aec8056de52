"""The `compared_columns` asset: the columns that compared methods read and the arm did not compute.

It is no stage of its own: its artifact is one of `logprobs`, stored beside the arm's own.
"""

from collections.abc import Iterator

import dagster as dg

from assets.declared import Declared, materialized
from assets.failures import own_message_first
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage

NAME = "compared_columns"

_DESCRIPTION = (
    "The columns that the compared methods read and the arm's own method did not (entropies, "
    "siblings, altered images), scored by the policy of this iteration. `weighting_comparison`, "
    "materialized after it, shows every method."
)


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """Yields the asset, with the inputs and the resources of `logprobs`."""
    own = {"key": declared.key(NAME), "description": _DESCRIPTION}

    @dg.asset(**declared.asset(LogprobsStage()) | own)
    @own_message_first()
    def compared_columns(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from rlsd_pipeline.stages.comparison.more_columns import asked_of, make_columns

        artifact = make_columns(declared.at(context))
        if artifact is None:
            return dg.MaterializeResult(metadata={"columns": "none: the arm's tables hold all"})
        return materialized(artifact, {"columns": ", ".join(sorted(asked_of(artifact)))})

    yield compared_columns
