"""The stages that have an asset."""

from assets.declared import Declared
from assets.stages.shown import is_shown, stage_assets
from rlsd_pipeline.config.experiment import ExperimentConfig


def test_the_assets_are_in_the_order_of_the_pipeline(experiment: ExperimentConfig) -> None:
    keys = [asset.key.path for asset in stage_assets(Declared("small", experiment))]
    assert {path[0] for path in keys} == {"small"}
    names = [".".join(path[1:]) for path in keys]
    assert names == [
        *("problems", "policy", "rollouts", "rewards", "logprobs", "token_weights"),
        *("policy_checkpoint", "token_values", "compared_columns", "weighting_comparison"),
        *("gradient_comparison", "information_gap", "lookahead", "benchmark_scores.greedy"),
        "results",
    ]


def test_a_stage_is_shown_whatever_it_is_made_of() -> None:
    assert is_shown("benchmark_scores.greedy")
    assert is_shown("rewards")
    # It is kept beside the scores, and nobody materializes it.
    assert not is_shown("benchmark_responses.greedy")
