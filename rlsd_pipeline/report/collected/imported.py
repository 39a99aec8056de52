"""The summary of imported logs: rows used, and rows not used by reason."""

from rlsd_pipeline.errors import ArtifactError
from rlsd_pipeline.imports.lines import import_lines
from rlsd_pipeline.imports.making import imported_iterations, importing_arms
from rlsd_pipeline.imports.stages import RolloutsImport
from rlsd_pipeline.report.data import Diagnostic
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import Workspace


def imported_logs(workspace: Workspace) -> Diagnostic | None:
    """Every imported iteration, a line a finding; None where nothing is declared as imported."""
    if not isinstance(workspace.stage(RolloutsStage), RolloutsImport):
        return None
    rows: list[tuple[int, str]] = []
    # All arms have the same log.
    arm = importing_arms(workspace, ())[0]
    for iteration in imported_iterations(workspace):
        try:
            rows += [(iteration, line) for line in import_lines(workspace.at(arm, iteration))]
        except ArtifactError:
            continue
    return Diagnostic(
        title="What was imported",
        explanation="Rows of the log that became rollouts, and those that could not be used, by "
        "the reason; then what the tables say before any method is asked.",
        columns=("iteration", "found"),
        rows=tuple(rows),
    )
