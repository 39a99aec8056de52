"""Gradients of the methods at one policy, against losses written out and differentiated slowly."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.stages.comparison import gradient_comparison
from rlsd_pipeline.stages.comparison.compared_methods import compared_methods
from rlsd_pipeline.stages.comparison.gradient_comparison import GradientComparisonStage
from rlsd_pipeline.stages.comparison.larger_batch import make_batch
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.iteration.prompts import student_prompt
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.method import Weighting
from rlsd_pipeline.weighting.opsd import OPSD
from rlsd_pipeline.weighting.rlsd import RLSD
from rlsd_pipeline.weighting.sft import SFT
from schemas import GradientComparison, Reward, Rollout, TokenValues

Open = Callable[..., Workspace]
Naive = Callable[..., Tensor]

METHODS: dict[str, Weighting] = {
    "grpo": GRPO(),
    "grpo again": RLSD(mix=0.0),
    "opsd": OPSD.model_validate({"divergence": {"type": "forward_kl", "top_k": None}}),
    "sft": SFT(learns_from="sampled"),
}


@pytest.fixture
def compared(
    copied: Path, workspace_at: Open, monkeypatch: pytest.MonkeyPatch
) -> tuple[StageRun, GradientComparison]:
    """Some methods at the base policy."""
    monkeypatch.setattr(gradient_comparison, "compared_methods", lambda _: METHODS)
    run = workspace_at(copied).at("rlsd-s0", 0)
    return run, run.make(GradientComparisonStage).record(GradientComparison)


def gradient(policy: Policy, loss: Tensor) -> Tensor:
    """Of a scalar by all weights, one after the other; float64."""
    parameters = list(policy.model.parameters())
    found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    return torch.cat(
        [
            (torch.zeros_like(p) if g is None else g).double().flatten()
            for p, g in zip(parameters, found, strict=True)
        ]
    )


def losses(run: StageRun, policy: Policy, naive_distributions: Naive) -> Mapping[str, Tensor]:
    """GRPO, SFT and OPSD as a mean over responses of the mean over their tokens.

    At the policy that sampled, the surrogate's ratio is 1 and its gradient that of A log π.
    """
    rewards = run.read("rewards").table(Reward).to_pylist()
    rollouts = run.read("rollouts").table(Rollout).to_pylist()
    problems = run.workspace.problems(run.read("problems"))
    totals = {name: torch.zeros(()) for name in ("grpo", "sft", "opsd")}
    for row, reward in zip(rollouts, rewards, strict=True):
        problem, ids = problems[row["problem_id"]], row["completion_ids"]
        plain = student_prompt(run.experiment, policy, problem)
        text = f"{problem.question} reference: {problem.answer}"
        told = policy.encode(text, problem.images, None)
        student = naive_distributions(policy, plain, ids)[: len(ids)]
        with torch.no_grad():
            teacher = naive_distributions(policy, told, ids)[: len(ids)]
        chosen = student[torch.arange(len(ids)), torch.tensor(ids)].mean() / len(rollouts)
        totals["grpo"] = totals["grpo"] - reward["advantage"] * chosen
        totals["sft"] = totals["sft"] - (reward["verdict"] == "correct") * chosen
        kept = teacher > float("-inf")
        entries = (teacher.exp() * (teacher - student))[kept].sum() / len(ids)
        totals["opsd"] = totals["opsd"] + entries / len(rollouts)
    return totals


def test_norms_and_cosines_are_those_of_the_losses_written_out(
    compared: tuple[StageRun, GradientComparison], naive_distributions: Naive
) -> None:
    run, found = compared
    policy = run.workspace.pool.get(run.read("policy"))
    slow = {
        name: gradient(policy, loss)
        for name, loss in losses(run, policy, naive_distributions).items()
    }
    place = {name: index for index, name in enumerate(found.methods)}
    for name, expected in slow.items():
        assert found.norms[place[name]] == pytest.approx(expected.norm().item(), rel=1e-3)
        for other, against in slow.items():
            cosine = expected @ against / (expected.norm() * against.norm())
            found_cosine = found.cosines[place[name]][place[other]]
            assert found_cosine == pytest.approx(cosine.item(), abs=2e-3)


def by_problem(
    run: StageRun, policy: Policy, naive_distributions: Naive, credits: list[list[float]]
) -> Tensor:
    """The gradient of the mean over responses of the mean of c log π, problem by problem."""
    rollouts = run.read("rollouts").table(Rollout).to_pylist()
    problems = run.workspace.problems(run.read("problems"))
    losses: dict[str, Tensor] = {}
    for row, credit in zip(rollouts, credits, strict=True):
        ids, name = row["completion_ids"], row["problem_id"]
        plain = student_prompt(run.experiment, policy, problems[name])
        student = naive_distributions(policy, plain, ids)[: len(ids)]
        chosen = student[torch.arange(len(ids)), torch.tensor(ids)] * torch.tensor(credit)
        losses[name] = losses.get(name, torch.zeros(())) - chosen.mean() / len(rollouts)
    return torch.stack([gradient(policy, loss) for loss in losses.values()])


def pairs(first: Tensor, second: Tensor) -> float:
    """N / (n - 1) times the sum of the products of different problems, one after the other."""
    count = len(first)
    found = sum((first[i] @ second[j]).item() for i in range(count) for j in range(count) if i != j)
    return found * count / (count - 1)


def test_bias_and_noise_are_those_of_slow_gradients_by_problem(
    copied: Path, workspace_at: Open, monkeypatch: pytest.MonkeyPatch, naive_distributions: Naive
) -> None:
    monkeypatch.setattr(gradient_comparison, "compared_methods", lambda _: {"grpo": GRPO()})
    run = workspace_at(copied, token_values={"continuations": 4}).at("rlsd-s0", 0)
    without = run.make(GradientComparisonStage).record(GradientComparison).signal
    values = run.make(TokenValuesStage).table(TokenValues).to_pylist()
    found = run.make(GradientComparisonStage).record(GradientComparison).signal
    assert without is not None
    assert found is not None
    assert [one.method for one in without.methods] == ["grpo"]
    assert without.methods[0].cosine is None
    assert [one.method for one in found.methods] == ["grpo", "true advantage"]
    assert found.kept == found.parameters
    policy = run.workspace.pool.get(run.read("policy"))
    rewards = run.read("rewards").table(Reward).to_pylist()
    lengths = [len(row["completion_ids"]) for row in values]
    plain = [[r["advantage"]] * n for r, n in zip(rewards, lengths, strict=True)]
    true = []
    for row in values:
        halves = zip(row["first_values"], row["second_values"], strict=True)
        states = [*((first + second) / 2 for first, second in halves), row["reward"]]
        true.append([after - before for before, after in pairwise(states)])
    grpo, oracle = (by_problem(run, policy, naive_distributions, c) for c in (plain, true))
    for one, rows in zip(found.methods, (grpo, oracle), strict=True):
        signal = pairs(rows, rows)
        assert one.share is not None
        assert one.share.value == pytest.approx(
            signal / rows.sum(0).square().sum().item(), rel=0.02
        )
        known = signal > 0 and pairs(oracle, oracle) > 0
        assert (one.cosine is not None) == known
        if one.cosine is not None:
            cosine = pairs(rows, oracle) / (signal * pairs(oracle, oracle)) ** 0.5
            assert one.cosine.value == pytest.approx(cosine, rel=0.02)


def test_a_larger_batch_has_more_problems_before_the_same_policy(
    copied: Path, workspace_at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradient_comparison, "compared_methods", lambda _: {"grpo": GRPO()})
    run = workspace_at(copied, token_values={"continuations": 4}).at("rlsd-s0", 1)
    kept = {name: run.workspace.store.ref(name).digest for name in run.workspace.store.refs("")}
    few = run.make(GradientComparisonStage).record(GradientComparison)
    batch = make_batch(run, 2 * run.experiment.sampling.prompts)
    batch.make(TokenValuesStage)
    many = batch.make(GradientComparisonStage).record(GradientComparison)
    assert few.policy == many.policy == run.read("policy").digest
    assert few.signal is not None
    assert many.signal is not None
    assert many.signal.problems == 2 * few.signal.problems
    assert many.signal.rollouts == 2 * few.signal.rollouts
    assert [one.method for one in many.signal.methods] == ["grpo", "true advantage"]
    # The arm keeps what it had.
    assert kept.items() <= {name: batch.workspace.store.ref(name).digest for name in kept}.items()


def test_rlsd_without_a_mix_is_grpo(compared: tuple[StageRun, GradientComparison]) -> None:
    _, found = compared
    assert found.methods == ["grpo", "grpo again", "opsd", "sft"]
    assert found.norms[1] == pytest.approx(found.norms[0])
    assert found.cosines[0][1] == pytest.approx(1)
    for row, name in enumerate(found.methods):
        assert found.cosines[row][row] == pytest.approx(1), name
        assert found.norms[row] > 0
        for column in range(4):
            assert found.cosines[row][column] == found.cosines[column][row]
    # Another direction, or the comparison would show nothing.
    assert found.cosines[0][2] is not None
    assert abs(found.cosines[0][2]) < 0.9


def test_the_policy_in_memory_is_left_as_it_was(
    copied: Path, workspace_at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {"grpo": GRPO(), "sft": SFT(learns_from="sampled")}
    monkeypatch.setattr(gradient_comparison, "compared_methods", lambda _: named)
    run = workspace_at(copied).at("rlsd-s0", 0)
    pool, artifact = run.workspace.pool, run.read("policy")
    policy = pool.get(artifact)
    before = {name: value.clone() for name, value in policy.model.state_dict().items()}
    run.make(GradientComparisonStage)
    assert pool.get(artifact) is policy
    assert not policy.model.training
    assert all(parameter.grad is None for parameter in policy.model.parameters())
    for name, value in policy.model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_the_second_time_no_model_is_asked_for(
    copied: Path, workspace_at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradient_comparison, "compared_methods", lambda _: {"grpo": GRPO()})
    run = workspace_at(copied).at("rlsd-s0", 0)
    first = run.make(GradientComparisonStage)
    monkeypatch.setattr(type(run.workspace.pool), "get", lambda *_: pytest.fail("a model"))
    again = run.make(GradientComparisonStage)
    assert again.cache_hit
    assert again.digest == first.digest
    assert first.record(GradientComparison).policy == run.read("policy").digest


def test_a_method_without_signal_has_no_direction(
    copied: Path, workspace_at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No response earns anything, so all advantages are 0; a teacher still pulls."""
    nothing = {"accuracy_weight": 0.0, "format_weight": 1.0}
    named = {name: METHODS[name] for name in ("grpo", "opsd")}
    monkeypatch.setattr(gradient_comparison, "compared_methods", lambda _: named)
    run = workspace_at(copied, reward=nothing).at("rlsd-s0", 0)
    rewards = run.make(RewardsStage).table(Reward)
    assert set(rewards["advantage"].to_pylist()) == {0.0}
    found = run.make(GradientComparisonStage).record(GradientComparison)
    assert found.norms[0] == 0
    assert found.norms[1] > 0
    assert found.cosines[0] == [None, None]
    assert found.cosines[1] == [None, pytest.approx(1)]


def test_methods_that_differ_in_their_teacher_alone_are_both_shown(
    copied: Path, workspace_at: Open
) -> None:
    """OPSD (frozen) and OPSD (online) pull in two directions from the second iteration on."""
    arms = [
        {"weighting": {"type": "rlsd", "decay": 4}},
        {"name": "frozen", "weighting": {"type": "opsd"}, "teacher": {"type": "frozen"}},
        {"name": "online", "weighting": {"type": "opsd"}, "teacher": {"type": "live"}},
    ]
    run = workspace_at(copied, arms=arms).at("rlsd-s0", 1)
    assert {"frozen", "online"} <= set(compared_methods(run))
