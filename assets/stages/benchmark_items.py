"""The `benchmark_items` assets: the questions of each public benchmark."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from assets.declared import Declared, materialized
from assets.failures import own_message_first
from assets.stages.config import StageConfig
from rlsd_pipeline.stages.evaluation.benchmark_items import BenchmarkItemsStage


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The rows of each public benchmark, from the hub or a local copy."""
    for benchmark in declared.experiment.evaluation.public:
        yield _asset(declared, BenchmarkItemsStage(benchmark=benchmark))


def _asset(declared: Declared, stage: BenchmarkItemsStage) -> dg.AssetsDefinition:
    @dg.asset(**declared.asset(stage))
    @own_message_first()
    def benchmark_items(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> dg.MaterializeResult:
        run = declared.at(context, recompute=config.recompute)
        artifact = stage.make(run)
        problems = list(run.workspace.problems(artifact).values())
        counts = Counter(len(problem.images) for problem in problems)
        return materialized(
            artifact,
            {
                "rows": len(problems),
                "multiple_choice": sum(bool(problem.choices) for problem in problems),
                "images": {f"{images} a question": n for images, n in sorted(counts.items())},
            },
        )

    return benchmark_items
