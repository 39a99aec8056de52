"""A range of iterations, asked for as a backfill of assets: one run, in order."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from assets.behind import Marks
from assets.declared import Declared
from assets.partitions import split_key
from assets.pipes_launcher import PipesLauncher
from assets.training.publisher import Publisher, require_passed
from rlsd_pipeline.stages.registry import VALUED_ITERATION
from rlsd_pipeline.stages.stage import Stage


def train_range(
    context: dg.AssetExecutionContext, declared: Declared, first: Stage
) -> Iterator[dg.AssetCheckResult]:
    """Make the selected stages of all partitions of a run, arm by arm and iteration by iteration.

    Args:
        context: Of the first step.
        declared: The experiment.
        first: The stage of that step.

    Yields:
        The checks of that step at the last partition, which Dagster waits for.

    Raises:
        dagster.Failure: A check failed: nothing may follow.
    """
    selected = context.job_def.asset_layer.executable_asset_keys
    declarations = map(declared.stage, VALUED_ITERATION)
    stages = [stage for stage in declarations if declared.key(stage.name) in selected]
    publisher, last = Publisher(context, declared), list[dg.AssetCheckResult]()
    marks = Marks.of(declared, context)
    declared.claim(context)
    # Keys sort like their numbers, but those of different length.
    for arm, iteration in sorted(map(split_key, context.partition_keys)):
        for stage in stages:
            options = _options(context, declared, stage)
            draw, launcher = options.pop("draw", None), PipesLauncher(context)
            run = declared.workspace().at(arm, iteration, launcher=launcher, **options)
            run = run.as_drawn(draw)
            told = list(publisher.made(stage, run))
            results = [each for each in told if isinstance(each, dg.AssetCheckResult)]
            require_passed([result for result in results if not result.passed])
            last = results if stage.name == first.name else last
            marks.settle(run, stage.name)
        context.log.info("%s: iteration %03d is complete", arm, iteration)
    yield from last


def _options(context: dg.AssetExecutionContext, declared: Declared, stage: Stage) -> dict[str, Any]:
    """What the user set for the step of a stage."""
    step = declared.key(stage.name).to_python_identifier()
    config: Mapping[str, Any] = context.run.run_config
    return dict(config.get("ops", {}).get(step, {}).get("config", {}))
