"""Checks that stop later stages; they read the written artifact, not the stage's memory."""

import warnings
from typing import TYPE_CHECKING

import dagster as dg

from assets.stages.cells import digits

if TYPE_CHECKING:
    import pyarrow as pa

    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun


def blocking(
    key: dg.AssetKey, partitions: dg.PartitionsDefinition | None, **descriptions: str
) -> list[dg.AssetCheckSpec]:
    """Specs of blocking checks by name, each with a result a partition of the asset."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                name, asset=key, blocking=True, description=text, partitions_def=partitions
            )
            for name, text in descriptions.items()
        ]


def result(key: dg.AssetKey, name: str, found: int, what: str) -> dg.AssetCheckResult:
    """A check that passes when nothing was found."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=found == 0,
        # As text: a number would be drawn as one line through the partitions of all arms.
        metadata={"found": digits(found)},
        description=None if found == 0 else f"{found} {what}",
    )


def misaligned(table: "pa.Table", rollouts: "pa.Table") -> int:
    """Rows whose rollout or tokens are not those of the rollouts table."""
    names = ["rollout_id", "completion_ids"]
    # Arrow compares whole columns; rows are only counted where something differs.
    if table.select(names).equals(rollouts.select(names)):
        return 0
    if len(table) != len(rollouts):
        return abs(len(table) - len(rollouts))
    columns = [(table[name].to_pylist(), rollouts[name].to_pylist()) for name in names]
    return sum(any(left[row] != right[row] for left, right in columns) for row in range(len(table)))


def made_from(run: "StageRun", artifact: "Artifact", stage: str) -> bool:
    """Whether an artifact was made from the present input; only then can both be compared.

    Raises:
        ArtifactError: The artifact is missing.
    """
    return artifact.manifest.inputs.get(stage) == run.read(stage).digest
