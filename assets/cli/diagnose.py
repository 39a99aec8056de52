"""`rlsd diagnose`: the paper's three properties, and the effect of a reference on the teacher."""

import shlex

from assets.cli.fitted import print_tables
from assets.cli.progress import console
from assets.cli.train import open_loop
from rlsd_pipeline.tables.table import table_of_cells

_IMPORTED = (
    "nothing is trained in an import, so no training is recorded: --arm measures the teacher on "
    "imported rollouts, where a model and gold answers are declared"
)


def diagnose(experiment: str, *, arm: str | None, iteration: int) -> None:
    """Measure the information gap of one iteration, if one is named; print every table."""
    from rlsd_pipeline.imports.stages import RolloutsImport
    from rlsd_pipeline.report.collected.diagnostics import read_diagnostics
    from rlsd_pipeline.stages.comparison.information_gap import InformationGapStage
    from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage

    with open_loop(experiment) as (loop, display):
        if arm is not None:
            loop.measure(InformationGapStage, arm, iteration)
        display.say("reading what the arms recorded")
        found = read_diagnostics(loop.workspace)
        imports = isinstance(loop.workspace.stage(RolloutsStage), RolloutsImport)
    output = console()
    print_tables(
        output,
        (table_of_cells(one.title, one.columns, one.rows, [one.explanation]) for one in found),
    )
    command = f"rlsd train {shlex.quote(experiment)}"
    if imports and arm is None:
        output.print(_IMPORTED, highlight=False)
    elif not found:
        output.print(f"{experiment} has recorded nothing yet: {command}")
