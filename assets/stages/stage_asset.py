"""The asset of a stage: a partition a run, or a range of an arm's iterations in one run."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.behind import Marks
from assets.declared import Declared, materialized
from assets.failures import own_message_first
from assets.pipes_launcher import PipesLauncher
from assets.stages.checks import blocking
from assets.stages.config import StageConfig
from assets.training.publisher import Told
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun

Made = Callable[[Declared, Stage, "StageRun", dg.DagsterLogManager], Iterator[Told]]
"""Makes a stage's artifact and says what came of it: its materialization, then its checks."""

Page = Callable[["StageRun", "Artifact"], Mapping[str, Any]]
"""The metadata that an artifact is shown by."""

Check = Callable[[Declared, "StageRun", "Artifact"], Iterator[dg.AssetCheckResult]]
"""The checks of a stage on an artifact of it."""


def shown_by(page: Page, check: Check | None = None) -> Made:
    """Makes a stage's artifact, shows it by a page, and checks it."""

    def made(
        declared: Declared, stage: Stage, run: "StageRun", log: dg.DagsterLogManager
    ) -> Iterator[Told]:
        artifact = stage.make(run)
        yield materialized(artifact, page(run, artifact))
        if check is not None:
            yield from check(declared, run, artifact)

    return made


def stage_asset(
    declared: Declared,
    stage: Stage,
    made: Made,
    *,
    checks: Mapping[str, str] | None = None,
    deps: Iterable[str] = (),
    after: Callable[[dg.AssetExecutionContext], None] = lambda context: None,
) -> dg.AssetsDefinition:
    """The asset of a stage that is made at one partition a run.

    Args:
        declared: The experiment.
        stage: The stage.
        made: Makes it.
        checks: Name and description of its checks.
        deps: Assets that it follows without being a stage that reads them.
        after: What follows once it is made.
    """

    def body(context: dg.AssetExecutionContext, config: StageConfig) -> Iterator[Told]:
        with own_message_first():
            run = declared.at(context, recompute=config.recompute)
            yield from made(declared, stage, run, context.log)
            after(context)

    asset = _checked(declared, stage, checks)
    asset["deps"] += [dg.AssetDep(declared.key(name)) for name in deps]
    return dg.asset(**asset)(body)


def iteration_asset(
    declared: Declared,
    stage: Stage,
    made: Made,
    config: type[StageConfig] = StageConfig,
    checks: Mapping[str, str] | None = None,
) -> dg.AssetsDefinition:
    """The asset of a stage of an iteration, which a run makes at one partition or at many.

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
    asset = _checked(declared, stage, checks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        one_run = dg.BackfillPolicy.single_run()
        return dg.asset(**asset, backfill_policy=one_run, output_required=False)(body)


def _checked(declared: Declared, stage: Stage, checks: Mapping[str, str] | None) -> dict[str, Any]:
    """The declaration of a stage's asset, with its checks."""
    asset = declared.asset(stage)
    specs = blocking(asset["key"], asset["partitions_def"], **(checks or {}))
    return asset | {"check_specs": specs}
