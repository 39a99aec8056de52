"""The stages that have an asset, in the order of the pipeline."""

from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared
from assets.stages import (
    benchmark_items,
    benchmark_scores,
    compared_columns,
    gradient_comparison,
    information_gap,
    logprobs,
    lookahead,
    policy,
    policy_checkpoint,
    problems,
    results,
    rewards,
    rollouts,
    token_values,
    token_weights,
    weighting_comparison,
)
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from assets.training.publisher import Told
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun

_MODULES: tuple[ModuleType, ...] = (
    problems,
    benchmark_items,
    policy,
    rollouts,
    rewards,
    logprobs,
    token_weights,
    policy_checkpoint,
    token_values,
    compared_columns,
    weighting_comparison,
    gradient_comparison,
    information_gap,
    lookahead,
    benchmark_scores,
    results,
)

_BY_STAGE = {module.__name__.rpartition(".")[2]: module for module in _MODULES}


def stage_assets(declared: Declared) -> list[dg.AssetsDefinition]:
    """Every asset of an experiment."""
    return [asset for module in _MODULES for asset in module.build(declared)]


def is_shown(full_name: str) -> bool:
    """Whether a stage, such as `benchmark_scores.NAME`, has an asset."""
    return full_name.split(".")[0] in _BY_STAGE


def made(
    declared: Declared, stage: Stage, run: "StageRun", log: dg.DagsterLogManager
) -> "Iterator[Told]":
    """Make a stage of the training loop at one place: its materialization and its checks."""
    yield from _BY_STAGE[stage.name].made(declared, stage, run, log)


def recheck(
    declared: Declared, stage: str, artifact: "Artifact", run: "StageRun"
) -> Iterator[dg.AssetCheckResult]:
    """Run the checks of a stage on an existing artifact; nothing for a stage without checks.

    A check that reads another artifact is done only where that is the one this was made from.

    Args:
        declared: The experiment.
        stage: The stage's full name.
        artifact: An artifact of it.
        run: Its arm and iteration.

    Raises:
        ArtifactError: An input of a check is missing.
    """
    check = getattr(_BY_STAGE[stage.split(".")[0]], "check", None)
    if check is not None:
        yield from check(declared, run, artifact)
