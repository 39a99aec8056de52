"""`rlsd values`: what every token of an iteration was worth, and how near each method comes."""

from assets.cli.compare import fidelity_table, valued_batch
from assets.cli.progress import console
from assets.cli.train import open_loop
from rlsd_pipeline.imports.summary import sampler_note
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from schemas import WeightingComparison


def values(experiment: str, *, arm: str, iteration: int, prompts: int | None) -> None:
    """Say what it takes, measure, and print the fidelities.

    Args:
        experiment: Name or YAML file.
        arm: Whose rollouts.
        iteration: Which of them.
        prompts: A batch of so many problems before the same policy; None: the iteration's own.
    """
    with open_loop(experiment) as (loop, display):
        run = loop.workspace.at(arm, iteration)
        if prompts:
            run = valued_batch(run, prompts, display)
        else:
            display.say(str(run.stage(TokenValuesStage).cost(run)))
            loop.measure(TokenValuesStage, arm, iteration)
            loop.compare(arm, iteration)
        comparison = run.read(WeightingComparisonStage.name).record(WeightingComparison)
        table = fidelity_table(run, comparison)
        note = sampler_note(run) if comparison.policy == "imported" else None
    console().print(table)
    if note is not None:
        console().print(note, highlight=False, markup=False)
