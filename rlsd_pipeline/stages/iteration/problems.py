"""problems: a data set as questions, images and privileged answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.stages.evaluation.benchmark_items import BenchmarkItemsStage
from rlsd_pipeline.stages.stage import Stage
from schemas import Problem, Verdict

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.config.experiment import ExperimentConfig
    from rlsd_pipeline.stages.workspace import StageRun, Workspace


class ProblemsStage(Stage):
    """Read, check and keep the data set."""

    type: Literal["problems"] = "problems"

    name = "problems"
    description = "Questions with images and privileged answers."
    version = "3"
    scope = "experiment"
    decided_by = ("dataset", "verifier")
    writes = (Problem,)

    def upstream(self, experiment: ExperimentConfig) -> tuple[str, ...]:
        """The benchmarks, none of whose questions may be learnt from."""
        return tuple(
            BenchmarkItemsStage(benchmark=benchmark).full_name
            for benchmark in experiment.evaluation.public
        )

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The data set as its source now is.

        Raises:
            ConfigError: The commit of a hub id cannot be found out.
        """
        from rlsd_pipeline.stages.iteration.image_places import image_tags

        dataset = run.experiment.dataset.pinned()
        found: dict[str, Any] = {"source": dataset.content_version(), "dataset": dataset.declared()}
        # They decide which problems are refused.
        if any((tags := image_tags(run.experiment)).values()):
            found |= {"image_tags": tags}
        return found

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Read and check the rows.

        Raises:
            DataError: A row is not a problem, its question has places for another number of images,
                the verifier rejects its own gold answer, or a problem to learn from is in a
                benchmark that the experiment evaluates.
        """
        from rlsd_pipeline.artifacts.tables import record_table
        from rlsd_pipeline.data.reading import read_problems
        from rlsd_pipeline.stages.iteration.image_places import require_places
        from rlsd_pipeline.verifiers.golds import classify

        workspace, experiment = run.workspace, run.experiment
        workspace.progress.start(self.name, None, "problems")
        problems = read_problems(experiment.dataset.pinned())
        require_places(experiment, problems)
        _require_golds(workspace, problems)
        _require_unseen_benchmarks(run, problems)
        out.table(Problem, record_table(Problem, problems))
        if only_text := classify(workspace.verifier, problems).only_text:
            workspace.progress.metric("gold answers that are only text", len(only_text))
        workspace.progress.advance(len(problems))


def _require_golds(workspace: Workspace, problems: Sequence[Problem]) -> None:
    from rlsd_pipeline.verifiers.verifier import gold_failure

    failures = {
        problem.problem_id: failure
        for problem in problems
        if (failure := gold_failure(workspace.verifier, problem)) is not None
    }
    if not failures:
        return
    does, way_out = "rejects", "correct the answers, or choose the verifier that fits them"
    first = next(iter(failures.values()))
    if first.verdict is Verdict.VERIFIER_ERROR:
        does, way_out = "ends in an error on", "correct the verifier, or choose another"
    raise DataError(
        f"the verifier `{workspace.experiment.verifier.type}` {does} the gold answer of "
        f"{len(failures)} of {len(problems)} problems, first {', '.join([*failures][:5])} "
        f"({first.reason or first.verdict.value}): {way_out}"
    )


def _require_unseen_benchmarks(run: StageRun, problems: Sequence[Problem]) -> None:
    from rlsd_pipeline.evaluation.contamination import require_distinct

    learnt = [problem for problem in problems if problem.split == "train"]
    for benchmark in run.experiment.evaluation.public:
        items = run.workspace.problems(BenchmarkItemsStage(benchmark=benchmark).here(run))
        require_distinct(learnt, items.values(), benchmark.name, max_pixels=benchmark.max_pixels)
