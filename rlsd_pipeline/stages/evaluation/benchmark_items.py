"""benchmark_items: the questions of a benchmark, read once and kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.evaluation.benchmark import Benchmark
from rlsd_pipeline.stages.stage import Stage, plain
from schemas import Problem

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.stages.workspace import StageRun


class BenchmarkItemsStage(Stage):
    """Read and check the rows, from the hub or a local copy."""

    type: Literal["benchmark_items"] = "benchmark_items"

    name = "benchmark_items"
    description = "Questions, images and gold answers of a benchmark."
    scope = "experiment"
    writes = (Problem,)

    benchmark: Benchmark
    """The benchmark of the rows."""

    @property
    def full_name(self) -> str:
        """One artifact a benchmark."""
        return self.benchmark.items

    def here(self, run: StageRun) -> Artifact:
        """The rows, made where they are not there."""
        return self.make(run.workspace.whole())

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The rows as declared, and as a local copy is.

        Raises:
            ConfigError: The commit of a declared revision cannot be found out.
        """
        from rlsd_pipeline.identity.files import path_digest

        benchmark = self.benchmark.pinned()
        found = plain(benchmark, "type", "split", "revision", "limit", "max_pixels")
        if benchmark.path is not None:
            found |= {"source": path_digest(Path(benchmark.path))}
        return found

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Read the rows.

        Raises:
            DataError: The rows are not the benchmark's, or cannot be reached.
            ComponentError: A user's benchmark cannot read a row.
        """
        from rlsd_pipeline.artifacts.tables import record_table
        from rlsd_pipeline.evaluation.rows import load_benchmark

        benchmark, progress = self.benchmark.pinned(), run.workspace.progress
        progress.start(f"{self.name}/{benchmark.name}", None, "rows")
        problems = load_benchmark(benchmark)
        out.table(Problem, record_table(Problem, problems))
        progress.advance(len(problems))
