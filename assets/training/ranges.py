"""A backfill over a range of iterations as one run, in order."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from assets.behind import Marks
from assets.declared import Declared
from assets.partitions import split_key
from assets.pipes_launcher import PipesLauncher
from assets.training.publisher import Publisher
from rlsd_pipeline.stages.registry import VALUED_ITERATION
from rlsd_pipeline.stages.stage import Stage


def train_range(context: dg.AssetExecutionContext, declared: Declared) -> Iterator[dg.Output[None]]:
    """Make the selected stages of all partitions of a run, arm by arm and iteration by iteration.

    Args:
        context: Context of the first step.
        declared: The experiment.

    Yields:
        That the checks of that step were done, which Dagster waits for; what they found at each
        partition is in the log.

    Raises:
        dagster.Failure: A check failed: nothing may follow.
    """
    selected = context.job_def.asset_layer.executable_asset_keys
    declarations = map(declared.stage, VALUED_ITERATION)
    stages = [stage for stage in declarations if declared.key(stage.name) in selected]
    publisher, marks = Publisher(context, declared), Marks.of(declared, context)
    declared.claim(context)
    # Keys sort like their numbers, but those of different length.
    for arm, iteration in sorted(map(split_key, context.partition_keys)):
        for stage in stages:
            options = _options(context, declared, stage)
            draw, launcher = options.pop("draw", None), PipesLauncher(context)
            run = declared.workspace().at(arm, iteration, launcher=launcher, **options)
            run = run.as_drawn(draw)
            publisher.make(stage, run)
            marks.settle(run, stage.name)
        context.log.info("%s: iteration %03d is complete", arm, iteration)
    for key in context.selected_asset_check_keys:
        output = context.job_def.asset_layer.get_op_output_name(key)
        assert output is not None
        yield dg.Output(None, output_name=output)


def _options(context: dg.AssetExecutionContext, declared: Declared, stage: Stage) -> dict[str, Any]:
    """The user's options for the step of a stage."""
    step = declared.key(stage.name).to_python_identifier()
    config: Mapping[str, Any] = context.run.run_config
    return dict(config.get("ops", {}).get(step, {}).get("config", {}))
