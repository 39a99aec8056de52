"""Gradients of the methods at one policy, against losses written out and differentiated slowly."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.stages.comparison import gradient_comparison
from rlsd_pipeline.stages.comparison.compared_methods import compared_methods
from rlsd_pipeline.stages.comparison.gradient_comparison import GradientComparisonStage
from rlsd_pipeline.stages.iteration.prompts import student_prompt
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.run import StageRun, Workspace
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.method import Weighting
from rlsd_pipeline.weighting.opsd import OPSD
from rlsd_pipeline.weighting.rlsd import RLSD
from rlsd_pipeline.weighting.sft import SFT
from schemas import GradientComparison, Reward, Rollout

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
