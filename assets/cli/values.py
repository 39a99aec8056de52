"""`rlsd values`: the true advantages of an iteration's tokens, and the fidelity of each method."""

from assets.cli.compare import valued_batch
from assets.cli.fidelity_tables import fidelity_tables
from assets.cli.fitted import print_tables
from assets.cli.loop import Loop
from assets.cli.progress import Display, console
from assets.cli.train import open_loop
from rlsd_pipeline.imports.summary import sampler_note
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.workspace import StageRun
from schemas import WeightingComparison


def values(experiment: str, *, arm: str, iteration: int, prompts: int | None) -> None:
    """Say what it takes, measure, and print the fidelities.

    Args:
        experiment: Name or YAML file.
        arm: Arm of the rollouts.
        iteration: Iteration of the rollouts.
        prompts: Size of a larger batch of problems for the same policy; None takes the iteration's
            own.
    """
    with open_loop(experiment) as (loop, display):
        run = loop.workspace.at(arm, iteration)
        if prompts:
            run = valued_batch(run, prompts, display)
        else:
            _measure(loop, run, display)
        comparison = run.read(WeightingComparisonStage.name).record(WeightingComparison)
        tables = fidelity_tables(run, comparison)
        note = sampler_note(run) if comparison.policy == "imported" else None
    output = console()
    print_tables(output, tables)
    if note is not None:
        output.print(note, highlight=False, markup=False)


def _measure(loop: Loop, run: StageRun, display: Display) -> None:
    """Value the states and compare the methods, unless that is done already."""
    values = run.stage(TokenValuesStage)
    if not values.is_current(run):
        display.say(str(values.cost(run)))
        loop.measure(TokenValuesStage, run.arm.name, run.iteration)
    if not run.stage(WeightingComparisonStage).is_current(run):
        loop.compare(run.arm.name, run.iteration)
