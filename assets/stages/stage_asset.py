"""The asset of a stage of an iteration: one partition, or a range of them in one run."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import dagster as dg

from assets.behind import Marks
from assets.declared import Declared
from assets.failures import own_message_first
from assets.pipes_launcher import PipesLauncher
from assets.stages.checks import blocking
from assets.stages.config import StageConfig
from assets.training.publisher import Told
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from rlsd_pipeline.stages.workspace import StageRun

Made = Callable[[Declared, Stage, "StageRun", dg.DagsterLogManager], Iterator[Told]]
"""Makes a stage's artifact and says what came of it: its materialization, then its checks."""


def iteration_asset(
    declared: Declared,
    stage: Stage,
    made: Made,
    config: type[StageConfig] = StageConfig,
    checks: Mapping[str, str] | None = None,
) -> dg.AssetsDefinition:
    """The asset of a stage.

    A backfill of it is one run. Dagster would let each step of that run go through all partitions
    before the next step begins, and an iteration needs the one before it as a whole. So the first
    step trains them in order, logs what every selected stage made, and yields no output: the steps
    behind it are skipped.

    Args:
        declared: The experiment.
        stage: The stage.
        made: Makes it at one partition.
        config: What a user can set.
        checks: Name and description of its checks.
    """

    def body(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> Iterator[Told | dg.Output[None]]:
        with own_message_first():
            if len(context.partition_keys) > 1:
                from assets.training.ranges import train_range

                yield from train_range(context, declared)
                return
            options = config.model_dump()
            draw = options.pop("draw", None)
            run = declared.at(context, launcher=PipesLauncher(context), **options).as_drawn(draw)
            for told in made(declared, stage, run, context.log):
                if isinstance(told, dg.AssetMaterialization):
                    context.log_event(told)
                else:
                    yield told
            Marks.of(declared, context).settle(run, stage.name)

    body.__annotations__["config"] = config
    body.__name__ = stage.name
    asset = declared.asset(stage)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.asset(
            **asset,
            check_specs=blocking(asset["key"], asset["partitions_def"], **(checks or {})),
            backfill_policy=dg.BackfillPolicy.single_run(),
            output_required=False,
        )(body)
