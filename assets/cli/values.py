"""`rlsd values`: what every token of an iteration was worth, and how near each method comes."""

from assets.cli.compare import fidelity_table
from assets.cli.progress import console
from assets.cli.train import open_loop
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.valued_places import expected_cost
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from schemas import Reward, Rollout, WeightingComparison


def values(experiment: str, *, arm: str, iteration: int) -> None:
    """Say what it takes, measure, and print the fidelities."""
    with open_loop(experiment) as (loop, display):
        run = loop.workspace.at(arm, iteration)
        inputs = run.stage(TokenValuesStage).inputs(run)
        cost = expected_cost(
            run.arm.token_values,
            inputs["rollouts"].table(Rollout),
            inputs["rewards"].table(Reward),
            run.arm.seed,
        )
        display.say(
            f"{cost.states:,} states, {cost.continuations:,} continuations, about "
            f"{cost.tokens:,} tokens"
        )
        loop.value_tokens(arm, iteration)
        loop.compare(arm, iteration)
        comparison = run.read(WeightingComparisonStage.name).record(WeightingComparison)
        table = fidelity_table(run, comparison)
    console().print(table)
