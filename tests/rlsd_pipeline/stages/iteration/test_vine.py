"""An arm that trains with what its tokens were worth."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.credit.states import measured_advantages
from rlsd_pipeline.errors import ArtifactError
from rlsd_pipeline.stages.comparison.counterfactual import as_if, make_credit
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.token_weights import TokenWeightsStage
from rlsd_pipeline.stages.registry import iteration_of
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from rlsd_pipeline.weighting.vine import Vine
from schemas import PolicyCheckpoint, TokenValues, TokenWeights, WeightingComparison

ARMS = [
    {"weighting": {"type": "grpo"}},
    {"weighting": {"type": "vine", "continuations": 2, "places": {"per_response": 3}}},
]

Open = Callable[..., Workspace]


@pytest.fixture
def workspace(workspace_at: Open, copied: Path) -> Workspace:
    opened = workspace_at(copied, arms=ARMS)
    opened.at("vine-s0", 0).make(PolicyStage)
    return opened


def trained(run: StageRun) -> dict[str, object]:
    return {stage.name: run.make(stage) for stage in iteration_of(run.arm)}


def test_an_iteration_measures_before_it_weighs(workspace: Workspace) -> None:
    run = workspace.at("vine-s0", 0)
    made = trained(run)
    assert list(made) == [
        "rollouts",
        "rewards",
        "logprobs",
        "token_values",
        "token_weights",
        "policy_checkpoint",
    ]
    values = run.read("token_values").table(TokenValues)
    assert set(values["first_counts"].combine_chunks().flatten().to_pylist()) == {1}
    assert max(map(len, values["places"].to_pylist())) == 3
    weights = run.read("token_weights")
    assert weights.manifest.inputs["token_values"] == run.read("token_values").digest
    assert weights.manifest.measurements["unvalued_responses"] == 0
    credit = weights.table(TokenWeights)["token_advantages"].combine_chunks().flatten().to_pylist()
    measured = measured_advantages(values, [0] * len(values))
    for value, start, end in zip(measured.mean, measured.starts, measured.ends, strict=True):
        assert credit[start:end] == pytest.approx([value] * (end - start))
    assert run.read("policy_checkpoint").record(PolicyCheckpoint).metrics["grad_norm"] > 0
    assert all(run.stage(stage).is_current(run) for stage in iteration_of(run.arm))


def test_another_arm_depends_on_no_values(workspace: Workspace) -> None:
    trained(workspace.at("vine-s0", 0))
    run = workspace.at("grpo-s0", 0)
    assert all(run.make(stage).cache_hit for stage in iteration_of(run.arm))
    assert "token_values" not in run.read("token_weights").manifest.inputs


def test_values_that_are_missing_are_asked_for(workspace: Workspace) -> None:
    run = workspace.at("vine-s0", 0)
    for stage in iteration_of(run.arm)[:3]:
        run.make(stage)
    with pytest.raises(ArtifactError, match="materialize token_values there first"):
        run.make(TokenWeightsStage)


def test_the_comparison_does_not_hold_a_measurement_against_itself(workspace: Workspace) -> None:
    run = workspace.at("grpo-s0", 0)
    run.make(TokenValuesStage)
    comparison = run.make(WeightingComparisonStage).record(WeightingComparison)
    assert "vine" not in [one.method for one in comparison.methods]
    assert "1 by definition" in comparison.left_out["vine"]


def test_what_if_it_were_the_method_it_measures_as_declared(workspace: Workspace) -> None:
    counterfactual = as_if(
        workspace.at("grpo-s0", 0), "vine", Vine(continuations=2, places="steps")
    )
    make_credit(counterfactual)
    measured = counterfactual.read("token_values").manifest
    assert measured.config["token_values"]["places"] == "steps"
    assert measured.measurements["continuations"] == 2
