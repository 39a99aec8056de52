"""The `benchmark_items` assets: the questions of each public benchmark."""

from collections import Counter

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.config import StageConfig
from rlsd_pipeline.config.evaluation import PublicBenchmarkConfig


def benchmark_items_asset(
    declared: Declared, benchmark: PublicBenchmarkConfig
) -> dg.AssetsDefinition:
    """The rows of a benchmark, from the hub or a local copy."""

    @dg.asset(
        **declared.whole_asset(
            f"benchmark_items.{benchmark.name}",
            f"Questions, images and gold answers of {benchmark.type}, {benchmark.split}.",
        )
    )
    def benchmark_items(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> dg.MaterializeResult:
        from rlsd_pipeline.stages.evaluation.benchmark_items import make_items

        declared.claim(context)
        workspace = declared.workspace()
        artifact = make_items(workspace, benchmark, recompute=config.recompute)
        problems = list(workspace.problems(artifact).values())
        counts = Counter(len(problem.images) for problem in problems)
        return materialized(
            artifact,
            {
                "dagster/row_count": len(problems),
                "multiple_choice": sum(bool(problem.choices) for problem in problems),
                "images": {f"{images} a question": n for images, n in sorted(counts.items())},
            },
        )

    return benchmark_items
