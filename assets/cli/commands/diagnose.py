"""`rlsd diagnose`."""

import shlex

import click

from assets.cli.parameters import EXPERIMENT

_IMPORTED = (
    "nothing is trained in an import, so no training is recorded: --arm measures the teacher on "
    "imported rollouts, where a model and gold answers are declared"
)


@click.command()
@EXPERIMENT
@click.option("--arm", help="Also measure how the reference changes this arm's teacher.")
@click.option("--iteration", type=click.IntRange(min=0), default=0, show_default=True)
def diagnose(experiment: str, arm: str | None, iteration: int) -> None:
    """Decide stability, improvement and leakage from recorded trainings.

    With --arm, the teacher scores that iteration's rollouts under every answer of their group:
    mutual information, deviation ratio and corruption probe.
    """
    from assets.cli.fitted import show
    from assets.cli.train import open_loop
    from rlsd_pipeline.imports.stages import RolloutsImport
    from rlsd_pipeline.report.collected.diagnostics import read_diagnostics
    from rlsd_pipeline.stages.comparison.information_gap import InformationGapStage
    from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
    from rlsd_pipeline.tables.table import table_of_cells

    with open_loop(experiment) as (loop, display):
        if arm is not None:
            loop.measure(InformationGapStage, arm, iteration)
        display.say("reading what the arms recorded")
        found = read_diagnostics(loop.workspace)
        imports = isinstance(loop.workspace.stage(RolloutsStage), RolloutsImport)
    show(*(table_of_cells(one.title, one.columns, one.rows, [one.explanation]) for one in found))
    if imports and arm is None:
        show(_IMPORTED)
    elif not found:
        show(f"{experiment} has recorded nothing yet: rlsd train {shlex.quote(experiment)}")
