"""All methods on cached tables: what they are computed from, and what is refused."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest
from rlsd_pipeline.credit.columns import ASKED, BASE
from rlsd_pipeline.errors import AlignmentError
from rlsd_pipeline.models.pool import PolicyPool
from rlsd_pipeline.stages.comparison.compared_methods import compared_methods, distinct_streams
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from schemas import (
    ComparedCredit,
    Reward,
    Rollout,
    TokenLogprobs,
    TokenWeights,
    WeightingComparison,
)

Open = Callable[..., Workspace]
GRPO_AND_RLSD = [{"weighting": {"type": "grpo"}}, {"weighting": {"type": "rlsd", "decay": 4}}]


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request for a policy fails."""

    def refuse(*_: object) -> None:
        raise AssertionError("a model was asked for")

    monkeypatch.setattr(PolicyPool, "get", refuse)
    monkeypatch.setattr(PolicyPool, "take", refuse)
    monkeypatch.setattr("rlsd_pipeline.models.pool.load_policy", refuse)


@pytest.fixture
def compared(
    copied: Path, workspace_at: Open, no_model: None
) -> Iterator[tuple[StageRun, Artifact]]:
    """The first iteration of RLSD, compared without any model."""
    run = workspace_at(copied).at("rlsd-s0", 0)
    return run, run.make(WeightingComparisonStage)


def credits(artifact: Artifact) -> dict[str, dict[str, list[float]]]:
    """Method -> rollout -> credit of its tokens."""
    found: dict[str, dict[str, list[float]]] = {}
    for row in artifact.table(ComparedCredit).to_pylist():
        found.setdefault(row["method"], {})[row["rollout_id"]] = row["credit"]
    return found


def rlsd_by_hand(run: StageRun, mix: float, clip: float) -> dict[str, list[float]]:
    """docs/method.md, one token after the other."""
    rewards = {r["rollout_id"]: r for r in run.read("rewards").table(Reward).to_pylist()}
    found = {}
    for row in run.read("logprobs").table(TokenLogprobs).to_pylist():
        advantage = rewards[row["rollout_id"]]["advantage"]
        found[row["rollout_id"]] = [
            advantage
            * (
                (1 - mix)
                + mix
                * min(max(math.exp(math.copysign(1, advantage) * (t - s)), 1 - clip), 1 + clip)
            )
            for s, t in zip(row["student_logprobs"], row["teacher_logprobs"], strict=True)
        ]
    return found


def asking(run: StageRun) -> set[str]:
    """Methods that read what no arm here computes; the policy is the base model as yet."""
    compared = distinct_streams(run, compared_methods(run))
    return {name for name, method in compared.items() if method.columns & ASKED - {BASE}}


def test_everything_comes_from_cached_tables(compared: tuple[StageRun, Artifact]) -> None:
    run, artifact = compared
    found, by_method = artifact.record(WeightingComparison), credits(artifact)
    tokens = {
        row["rollout_id"]: row["completion_ids"]
        for row in run.read("rollouts").table(Rollout).to_pylist()
    }
    for row in artifact.table(ComparedCredit).to_pylist():
        assert row["completion_ids"] == tokens[row["rollout_id"]]
    assert [method.method for method in found.methods] == list(by_method)
    assert (found.rollouts, found.tokens) == (16, sum(map(len, tokens.values())))
    assert found.policy == run.read("policy").digest
    assert found.teacher == run.read("policy", 0).digest
    assert (found.privileged, found.left_out.keys()) == ("answer", asking(run))
    # λ falls from its full value at the first iteration, so the undecayed form is the same method.
    assert {"grpo", "rlsd", "opsd", "sdpo", "sdpg", "sft", "rlsd, as printed"} <= set(by_method)
    assert not {"opd", "live", "rlsd, λ undecayed"} & set(by_method)


def test_the_credit_of_rlsd_token_by_token(compared: tuple[StageRun, Artifact]) -> None:
    run, artifact = compared
    expected, found = rlsd_by_hand(run, mix=0.5, clip=0.2), credits(artifact)["rlsd"]
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, abs=1e-6)
    flat = [value for values in expected.values() for value in values]
    methods = artifact.record(WeightingComparison).methods
    (summary,) = (method for method in methods if method.method == "rlsd")
    assert summary.magnitude == pytest.approx(np.mean(np.abs(flat)), rel=1e-5)
    assert summary.quantiles["p95"] == pytest.approx(np.quantile(flat, 0.95), rel=1e-5)
    assert summary.sign_agreement is not None
    assert summary.sign_agreement.value == 1.0


def test_credit_is_what_the_arm_learnt_from(compared: tuple[StageRun, Artifact]) -> None:
    run, artifact = compared
    weights = run.read("token_weights").table(TokenWeights)
    learnt = dict(
        zip(weights["rollout_id"].to_pylist(), weights["token_advantages"].to_pylist(), strict=True)
    )
    assert credits(artifact)["rlsd"] == learnt


def test_the_second_time_is_a_cache_hit(compared: tuple[StageRun, Artifact]) -> None:
    run, artifact = compared
    again = run.make(WeightingComparisonStage)
    assert not artifact.cache_hit
    assert again.cache_hit
    assert again.digest == artifact.digest


def test_without_a_teacher_its_methods_are_left_out(
    copied: Path, workspace_at: Open, no_model: None
) -> None:
    run = workspace_at(copied).at("grpo-s0", 0)
    found = run.make(WeightingComparisonStage).record(WeightingComparison)
    branches = "prefix_tree, branches only"
    own = ["grpo", "constant_negative", "ktae", "prefix_tree", "sft", "surprisal", "tempo"]
    named = [*own, "grpo, centred", branches]
    assert [method.method for method in found.methods] == named
    shown = distinct_streams(run, compared_methods(run))
    left = set(shown) - set(named)
    assert set(found.left_out) == left
    for name in ("rlsd", "opsd", "sdpo", "rlsd_adaptive", "sdar"):
        assert "no teacher scored these rollouts" in found.left_out[name]
    for name in ("entropy", "optimal_token_baseline", "vppo", "rlcsd", "srpo"):
        assert "--arm grpo-s0 --iteration 0 --columns" in found.left_out[name]
    assert (found.teacher, found.privileged) == (None, None)
    assert len(found.rank_correlation) == 9
    # Within a response every token of GRPO, SFT and the control has the same credit.
    within = found.rank_correlation_within
    known = [(i, j) for i, row in enumerate(within) for j, one in enumerate(row) if one is not None]
    assert known == [(i, j) for i in (2, 3, 5, 6, 8) for j in (2, 3, 5, 6, 8)]
    # A alone tells nothing of its tokens, so the tree does the same within one with it or without.
    assert (within[3][3], within[5][5]) == pytest.approx((1.0, 1.0))
    assert (within[3][8], within[6][8]) == pytest.approx((1.0, 1.0))


OPD = {
    "weighting": {"type": "opd", "divergence": {"type": "reverse_kl", "top_k": 20}},
    "teacher": {"type": "model", "model": {"type": "tiny_qwen3_vl", "seed": 1}},
}


def test_opd_is_left_out_where_its_teacher_did_not_score(
    copied: Path, workspace_at: Open, no_model: None
) -> None:
    run = workspace_at(copied, arms=[*GRPO_AND_RLSD, OPD]).at("rlsd-s0", 0)
    assert "opd" in compared_methods(run)
    found = run.make(WeightingComparisonStage).record(WeightingComparison)
    assert "opd" not in [method.method for method in found.methods]
    assert found.left_out.keys() == {"opd"} | asking(run)
    why = "its teacher is another model, which did not score these rollouts"
    assert found.left_out["opd"] == why
    # An experiment without it does not hear of it.
    plain = workspace_at(copied, arms=GRPO_AND_RLSD).at("rlsd-s0", 0)
    assert "opd" not in compared_methods(plain)


def test_opd_is_shown_on_the_tables_of_its_own_arm(
    copied: Path, workspace_at: Open, stages: dict[str, Callable[[StageRun], Artifact]]
) -> None:
    model = {
        **{"type": "tiny_qwen3_vl", "hidden_size": 32, "intermediate_size": 48, "layers": 1},
        **{"vision_hidden_size": 16, "vocabulary": 300, "warm_start": {"steps": 1}},
    }
    arm = OPD | {"teacher": {"type": "model", "model": model}}
    run = workspace_at(copied, arms=[*GRPO_AND_RLSD, arm]).at("opd-s0", 0)
    run.make(PolicyStage)
    for name in ("rollouts", "rewards", "logprobs"):
        stages[name](run)
    found = run.make(WeightingComparisonStage).record(WeightingComparison)
    assert "opd" in [method.method for method in found.methods]
    assert (found.left_out.keys(), found.privileged) == (asking(run), "none")
    assert found.teacher == run.read("teacher").digest != found.policy


def test_rollouts_of_another_policy_are_refused(copied: Path, workspace_at: Open) -> None:
    workspace = workspace_at(copied)
    run = workspace.at("rlsd-s0", 1)
    sampled_by, other = run.read("policy"), run.read("policy", 2)
    workspace.store.set_ref(run.reference("policy"), other)
    with pytest.raises(AlignmentError) as error:
        run.make(WeightingComparisonStage)
    assert f"sampled by policy {sampled_by.digest[:12]}" in str(error.value)
    assert f"the policy here is {other.digest[:12]}" in str(error.value)


@pytest.mark.parametrize("stale", ["rewards", "logprobs"])
def test_tables_of_other_rollouts_are_refused(
    copied: Path, workspace_at: Open, stages: dict[str, Any], stale: str
) -> None:
    run = workspace_at(copied).at("rlsd-s0", 0, draw=1)
    before = run.read("rollouts")
    now = run.make(RolloutsStage)
    (current,) = {"rewards", "logprobs"} - {stale}
    if current == "rewards":
        run.make(RewardsStage)
    else:
        stages["logprobs"](run)
    with pytest.raises(AlignmentError) as error:
        run.make(WeightingComparisonStage)
    message = str(error.value)
    assert f"the {stale} {run.read(stale).digest[:12]} are those of" in message
    assert f"rollouts {before.digest[:12]}" in message
    assert f"rollouts here are {now.digest[:12]}: materialize {stale} again" in message


def rearranged(run: StageRun, order: list[int]) -> None:
    """The same tables with the groups in another order, in place of the arm's."""
    store, changed = run.workspace.store, {}
    for stage, record in (("rollouts", Rollout), ("rewards", Reward), ("logprobs", TokenLogprobs)):
        original = run.read(stage)
        table = original.table(record)
        moved = pa.concat_tables([table.slice(4 * group, 4) for group in order])
        inputs = {**original.manifest.inputs, **changed}
        request = ArtifactRequest(stage, "rearranged", original.manifest.config, inputs)
        made = store.produce(request, lambda out, t=moved, record=record: out.table(record, t))
        store.set_ref(run.reference(stage), made)
        if stage == "rollouts":
            changed = {"rollouts": made.digest}


def test_the_order_of_the_problems_does_not_matter(compared: tuple[StageRun, Artifact]) -> None:
    run, artifact = compared
    rearranged(run, [2, 0, 3, 1])
    again = run.make(WeightingComparisonStage)
    assert not again.cache_hit
    before, after = artifact.record(WeightingComparison), again.record(WeightingComparison)
    found = credits(again)
    for method, by_rollout in credits(artifact).items():
        for name, values in by_rollout.items():
            # The adaptive form sums over the table, and sums round.
            assert found[method][name] == pytest.approx(values, rel=1e-5, abs=1e-7)
    for old, new in zip(before.methods, after.methods, strict=True):
        assert new.quantiles == pytest.approx(old.quantiles, rel=1e-5, abs=1e-7)
        assert new.magnitude == pytest.approx(old.magnitude)
        for part, share in old.segments.items():
            assert new.segments[part].value == pytest.approx(share.value)
    for old_row, new_row in zip(before.rank_correlation, after.rank_correlation, strict=True):
        assert new_row == pytest.approx(old_row, abs=1e-6)
