"""Values of states: what is continued, what is rewarded, and what survives an interruption."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.compute.local import LocalWork
from rlsd_pipeline.errors import AlignmentError
from rlsd_pipeline.progress import Silent
from rlsd_pipeline.rollouts.engine import Completion
from rlsd_pipeline.stages.comparison import continuations
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.valued_places import expected_cost
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from schemas import Reward, Rollout, TokenValues, WeightingComparison

Open = Callable[..., Workspace]


def place(workspace_at: Open, store: Path, **values: Any) -> StageRun:
    declared = {"continuations": 4} | values
    return workspace_at(store, token_values=declared).at("rlsd-s0", 0)


def valued(workspace_at: Open, store: Path, **values: Any) -> Artifact:
    return place(workspace_at, store, **values).make(TokenValuesStage)


class Counting(Silent):
    """How much a stage said that it would do, and did."""

    total: int | None = None
    done = 0

    def start(self, stage: str, total: int | None, unit: str) -> None:
        self.total = total

    def advance(self, count: int) -> None:
        self.done += count


def by_rollout(artifact: Artifact) -> dict[str, dict[str, Any]]:
    return {row["rollout_id"]: row for row in artifact.table(TokenValues).to_pylist()}


def test_every_state_has_two_halves_and_a_shared_prefix_one_value(
    workspace_at: Open, copied: Path
) -> None:
    run = place(workspace_at, copied)
    found = by_rollout(run.make(TokenValuesStage))
    sampled = {row["rollout_id"]: row for row in run.read("rollouts").table(Rollout).to_pylist()}
    rewards = run.read("rewards").table(Reward).to_pylist()
    assert {row["rollout_id"]: row["reward"] for row in rewards} == {
        name: row["reward"] for name, row in found.items()
    }
    by_state: dict[tuple[str, tuple[int, ...]], set[tuple[float, float]]] = {}
    for name, row in found.items():
        assert row["places"] == list(range(len(row["completion_ids"])))
        assert set(row["first_counts"]) == set(row["second_counts"]) == {2}
        for at, first, second in zip(
            row["places"], row["first_values"], row["second_values"], strict=True
        ):
            state = (sampled[name]["problem_id"], tuple(row["completion_ids"][:at]))
            by_state.setdefault(state, set()).add((first, second))
            # Two continuations, each 0, 0.1, 0.9 or 1.
            assert 0 <= first <= 1
    assert all(len(values) == 1 for values in by_state.values())
    prompts = {values.pop() for (_, prefix), values in by_state.items() if not prefix}
    assert len(prompts) > 1


@pytest.mark.parametrize("size", [1, 7])
def test_the_size_of_a_batch_changes_nothing(
    workspace_at: Open, copied: Path, tmp_path: Path, size: int
) -> None:
    # Three states of each response are batches enough.
    values = {"continuations": 4, "places": {"per_response": 3}}
    whole = workspace_at(copied, token_values=values).at("rlsd-s0", 0).make(TokenValuesStage)
    engine = {"type": "transformers", "batch_prompts": size}
    workspace = workspace_at(copied, token_values=values, engine=engine)
    again = workspace.at("rlsd-s0", 0, recompute=True).make(TokenValuesStage)
    assert again.digest == whole.digest


def test_where_parts_are_computed_changes_nothing(
    workspace_at: Open, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"continuations": 4, "places": {"per_response": 3}}
    # Three states of sixteen responses at most, in parts of ten.
    monkeypatch.setattr(continuations, "_STATES", 10)
    whole = workspace_at(copied, token_values=values).at("rlsd-s0", 0).make(TokenValuesStage)
    elsewhere = workspace_at(copied, token_values=values, engine={"type": "transformers"})
    order: list[int] = []

    class FromTheLast(LocalWork):
        """Takes the pieces as workers may that finish in another order."""

        def each(self, policy: Any, work: Any, pieces: Any, *arguments: Any) -> Any:
            found = {}
            for at in reversed(range(len(pieces))):
                order.append(at)
                (found[at],) = super().each(policy, work, [pieces[at]], *arguments)
            return iter([found[at] for at in range(len(pieces))])

    elsewhere.compute = FromTheLast(elsewhere.pool, elsewhere.compute.update)
    again = elsewhere.at("rlsd-s0", 0, recompute=True).make(TokenValuesStage)
    assert len(order) > 1
    assert order == sorted(order, reverse=True)
    assert again.digest == whole.digest


def test_what_was_sampled_before_an_interruption_stays(
    workspace_at: Open, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = {"type": "transformers", "batch_prompts": 16}
    workspace = workspace_at(copied, token_values={"continuations": 4}, engine=engine)
    run = workspace.at("rlsd-s0", 0)
    asked: list[int] = []
    sample = continuations.sample_part

    def dies_at_the_third(*arguments: Any) -> list[Completion]:
        asked.append(len(arguments[2].prompts))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return sample(*arguments)

    monkeypatch.setattr(continuations, "sample_part", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        run.make(TokenValuesStage)
    monkeypatch.setattr(continuations, "sample_part", sample)
    workspace.progress = told = Counting()
    measured = run.make(TokenValuesStage).manifest.measurements
    assert measured["parts_reused"] == 2
    # The time left is that of what is still to be sampled.
    assert told.total == told.done == measured["states"] - sum(asked[:2]) > 0
    assert run.make(TokenValuesStage).cache_hit


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"places": {"per_response": 2}}, lambda length: [0, length // 2][: min(length, 2)]),
        ({"places": "steps"}, None),
    ],
)
def test_fewer_places(
    workspace_at: Open, copied: Path, declared: dict, expected: Callable | None
) -> None:
    for row in by_rollout(valued(workspace_at, copied, **declared)).values():
        assert row["places"][0] == 0
        if expected is not None:
            assert row["places"] == expected(len(row["completion_ids"]))


def test_informative_responses_are_those_with_an_advantage(
    workspace_at: Open, copied: Path
) -> None:
    run = place(workspace_at, copied, responses="informative")
    found = by_rollout(run.make(TokenValuesStage))
    for row in run.read("rewards").table(Reward).to_pylist():
        assert bool(found[row["rollout_id"]]["places"]) == (row["advantage"] != 0)


def test_most_states_leaves_whole_responses_out(workspace_at: Open, copied: Path) -> None:
    artifact = valued(workspace_at, copied, max_states=40)
    assert 20 <= artifact.manifest.measurements["states"] <= 40
    for row in by_rollout(artifact).values():
        assert row["places"] in ([], list(range(len(row["completion_ids"]))))


def test_a_failed_verifier_is_no_zero(workspace_at: Open, copied: Path, coin: type) -> None:
    run = place(workspace_at, copied)
    run.workspace.verifier = coin(errors=True)
    counts = [
        count
        for row in by_rollout(run.make(TokenValuesStage)).values()
        for count in row["first_counts"]
    ]
    assert {0, 1, 2} >= set(counts)
    assert min(counts) < 2


def test_the_cost_is_known_before(workspace_at: Open, copied: Path) -> None:
    run = place(workspace_at, copied)
    tables = run.read("rollouts").table(Rollout), run.read("rewards").table(Reward)
    cost = expected_cost(run.experiment.token_values, *tables, 0)
    measured = run.make(TokenValuesStage).manifest.measurements
    assert cost.states == measured["states"]
    assert cost.continuations == 4 * cost.states
    assert cost.tokens == pytest.approx(measured["tokens"], rel=0.3)


def test_verdicts_on_other_rollouts_are_refused(workspace_at: Open, copied: Path) -> None:
    run = place(workspace_at, copied)
    run.workspace.at("rlsd-s0", 0, draw=1).make(RolloutsStage)
    with pytest.raises(AlignmentError):
        run.make(TokenValuesStage)


def test_the_comparison_holds_every_method_against_them(workspace_at: Open, copied: Path) -> None:
    # Of few continuations the halves may not agree on any advantage.
    run = place(workspace_at, copied, continuations=32)
    before = run.make(WeightingComparisonStage)
    assert before.record(WeightingComparison).fidelity is None
    run.make(TokenValuesStage)
    comparison = run.make(WeightingComparisonStage).record(WeightingComparison)
    fidelity = comparison.fidelity
    assert fidelity is not None
    assert fidelity.compared_with == "grpo"
    assert fidelity.spans == comparison.tokens
    assert [one.method for one in fidelity.methods] == [one.method for one in comparison.methods]
    grpo = fidelity.methods[0]
    assert grpo.difference is None
    # GRPO gives every token of a response the same, so within responses it has no direction.
    assert grpo.within is None
    assert grpo.value is not None
    assert run.fidelity() == fidelity


def test_values_of_former_rollouts_are_left_alone(workspace_at: Open, copied: Path) -> None:
    run = place(workspace_at, copied)
    run.make(TokenValuesStage)
    fresh = run.workspace.at("rlsd-s0", 0, draw=1)
    for stage in (RolloutsStage, RewardsStage, LogprobsStage):
        fresh.make(stage)
    comparison = fresh.make(WeightingComparisonStage).record(WeightingComparison)
    assert comparison.fidelity is None
