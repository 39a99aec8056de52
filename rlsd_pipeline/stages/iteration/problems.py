"""problems: a data set as questions, images and privileged answers."""

from collections.abc import Sequence

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.artifacts.tables import record_table
from rlsd_pipeline.data.sources import pinned, read_problems
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.contamination import require_distinct
from rlsd_pipeline.stages.evaluation.benchmark_items import make_items
from rlsd_pipeline.stages.iteration.image_places import require_places
from rlsd_pipeline.stages.requests import problems_request
from rlsd_pipeline.stages.run import Workspace
from rlsd_pipeline.verifiers.golds import classify
from rlsd_pipeline.verifiers.verifier import check_gold
from schemas import Problem


def make_problems(workspace: Workspace, *, recompute: bool = False) -> Artifact:
    """Read, check and keep the data set.

    Raises:
        DataError: A row is not a problem, its question has places for another number of images,
            the verifier rejects its own gold answer, or a problem to learn from is in a benchmark
            that the experiment evaluates.
    """
    experiment = workspace.experiment

    def write(out: ArtifactWriter) -> None:
        workspace.progress.start("problems", None, "problems")
        problems = read_problems(pinned(experiment.dataset))
        require_places(experiment, problems)
        _require_golds(workspace, problems)
        _require_unseen_benchmarks(workspace, problems)
        out.table(Problem, record_table(Problem, problems))
        if only_text := classify(workspace.verifier, problems).only_text:
            workspace.progress.metric("gold answers that are only text", len(only_text))
        workspace.progress.advance(len(problems))

    request = problems_request(workspace)
    artifact = workspace.store.produce(request, write, recompute=recompute)
    workspace.store.set_ref(f"{workspace.name}/problems", artifact)
    return artifact


def _require_golds(workspace: Workspace, problems: Sequence[Problem]) -> None:
    rejected = check_gold(workspace.verifier, problems)
    if rejected:
        raise DataError(
            f"the verifier `{workspace.experiment.verifier.type}` rejects the gold answer of "
            f"{len(rejected)} of {len(problems)} problems, first {', '.join(rejected[:5])}: "
            "correct the answers, or choose the verifier that fits them"
        )


def _require_unseen_benchmarks(workspace: Workspace, problems: Sequence[Problem]) -> None:
    learnt = [problem for problem in problems if problem.split == "train"]
    for benchmark in workspace.experiment.evaluation.public:
        items = workspace.problems(make_items(workspace, benchmark))
        require_distinct(learnt, items.values(), benchmark.name, max_pixels=benchmark.max_pixels)
