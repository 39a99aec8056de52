"""`rlsd values`."""

import click

from assets.cli.parameters import EXPERIMENT, PROMPTS, place


@click.command()
@EXPERIMENT
@place("Arm of the rollouts")
@PROMPTS
def values(experiment: str, arm: str, iteration: int, prompts: int | None) -> None:
    """Measure the true advantage of every token of one iteration.

    The policy continues from each state of its rollouts; `token_values` of the YAML says how often
    and from which states. `rlsd compare` then compares the credit of all methods with it.
    """
    from assets.cli.compare import valued_batch
    from assets.cli.fidelity_tables import fidelity_tables
    from assets.cli.fitted import show
    from assets.cli.train import open_loop
    from rlsd_pipeline.imports.summary import sampler_note
    from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
    from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
    from schemas import WeightingComparison

    with open_loop(experiment) as (loop, display):
        run = loop.workspace.at(arm, iteration)
        if prompts:
            run = valued_batch(run, prompts, display)
        else:
            stage = run.stage(TokenValuesStage)
            if not stage.is_current(run):
                display.say(str(stage.cost(run)))
                loop.measure(TokenValuesStage, arm, iteration)
            if not run.stage(WeightingComparisonStage).is_current(run):
                loop.compare(arm, iteration)
        comparison = run.read(WeightingComparisonStage.name).record(WeightingComparison)
        told = fidelity_tables(run, comparison)
        if comparison.policy == "imported":
            told += filter(None, [sampler_note(run)])
    show(*told)
