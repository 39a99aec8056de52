"""problems: a data set as questions, images and privileged answers."""

from collections.abc import Sequence

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.data.sources import read_problems
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.stages.requests import problems_request
from rlsd_pipeline.stages.run import Workspace
from rlsd_pipeline.verifiers.verifier import check_gold
from schemas import Problem


def make_problems(workspace: Workspace, *, recompute: bool = False) -> Artifact:
    """Read, check and keep the data set.

    Raises:
        DataError: A row is not a problem, or the verifier rejects a row's own gold answer.
    """
    experiment = workspace.experiment

    def write(out: ArtifactWriter) -> None:
        workspace.progress.start("problems", None, "problems")
        problems = read_problems(experiment.dataset)
        _require_golds(workspace, problems)
        fields = Problem.model_fields
        columns = {name: [getattr(p, name) for p in problems] for name in fields}
        out.table(Problem, to_table(Problem, columns))
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
