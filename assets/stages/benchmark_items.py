"""The `benchmark_items` assets: the questions of each public benchmark."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared
from assets.stages.stage_asset import shown_by, stage_asset
from rlsd_pipeline.stages.evaluation.benchmark_items import BenchmarkItemsStage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The rows of each public benchmark, from the hub or a local copy."""
    for benchmark in declared.experiment.evaluation.public:
        yield stage_asset(declared, BenchmarkItemsStage(benchmark=benchmark), shown_by(_page))


def _page(run: "StageRun", artifact: "Artifact") -> dict[str, Any]:
    problems = list(run.workspace.problems(artifact).values())
    counts = Counter(len(problem.images) for problem in problems)
    return {
        "rows": len(problems),
        "multiple_choice": sum(bool(problem.choices) for problem in problems),
        "images": {f"{images} a question": n for images, n in sorted(counts.items())},
    }
