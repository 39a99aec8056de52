"""benchmark_items: the questions of a public benchmark, read once and kept."""

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.artifacts.tables import record_table
from rlsd_pipeline.config.evaluation import PublicBenchmarkConfig
from rlsd_pipeline.evaluation.benchmarks import BENCHMARKS
from rlsd_pipeline.evaluation.rows import load_benchmark
from rlsd_pipeline.identity.hub import hub_commit
from rlsd_pipeline.stages.requests import benchmark_items_request
from rlsd_pipeline.stages.run import Workspace
from schemas import Problem


def make_items(
    workspace: Workspace, benchmark: PublicBenchmarkConfig, *, recompute: bool = False
) -> Artifact:
    """Read and check the rows, from the hub or a local copy.

    Raises:
        ConfigError: The commit of a declared revision cannot be found out.
        DataError: They are not the benchmark's, or cannot be reached.
    """
    kind = BENCHMARKS[benchmark.type]
    if benchmark.path is None and benchmark.revision is not None:
        commit = hub_commit(kind.hub_id, benchmark.revision, "dataset")
        benchmark = benchmark.model_copy(update={"revision": commit})

    def write(out: ArtifactWriter) -> None:
        workspace.progress.start(f"benchmark_items/{benchmark.name}", None, "rows")
        problems = load_benchmark(
            kind,
            split=benchmark.split,
            path=benchmark.path,
            revision=benchmark.revision,
            limit=benchmark.limit,
            max_pixels=benchmark.max_pixels,
        )
        out.table(Problem, record_table(Problem, problems))
        workspace.progress.advance(len(problems))

    request = benchmark_items_request(workspace, benchmark)
    artifact = workspace.store.produce(request, write, recompute=recompute)
    workspace.store.set_ref(f"{workspace.name}/benchmark_items.{benchmark.name}", artifact)
    return artifact
