"""Learning reference responses, and the policy's own correct ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.errors import ArtifactError, DataError
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.pool import PolicyPool
from rlsd_pipeline.stages.iteration.prompts import student_prompt
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint, Reward, Rollout, TokenLogprobs, TokenWeights

Made = dict[tuple[str, int, str], Artifact]
Open = Callable[..., Workspace]
RunAll = Callable[..., Made]

ARMS = [
    {"weighting": {"type": "grpo"}},
    {"weighting": {"type": "sft"}},
    {"name": "own", "weighting": {"type": "sft", "learns_from": "sampled"}},
]
SAMPLING = {"prompts": 4, "group_size": 4, "max_prompt_tokens": 128, "max_tokens": 120}


@pytest.fixture(scope="module")
def learnt(
    tmp_path_factory: pytest.TempPathFactory, workspace_at: Open, run_all: RunAll
) -> tuple[Workspace, Made]:
    store = tmp_path_factory.mktemp("learnt") / "store"
    workspace = workspace_at(store, arms=ARMS, sampling=SAMPLING)
    return workspace, run_all(workspace, ("sft-s0",), iterations=2)


def rows(made: Made, arm: str, iteration: int, stage: str, record: type) -> list[dict]:
    return made[arm, iteration, stage].table(record).to_pylist()


def test_the_references_are_the_rollouts_one_a_problem(learnt: tuple[Workspace, Made]) -> None:
    workspace, made = learnt
    known = workspace.problems(made["", 0, "problems"])
    policy = PolicyPool().get(made["sft-s0", 0, "policy"])
    rollouts = rows(made, "sft-s0", 0, "rollouts", Rollout)
    assert len({row["problem_id"] for row in rollouts}) == len(rollouts) == 4
    for row in rollouts:
        problem = known[row["problem_id"]]
        text = f"<think>{problem.solution}</think><answer>{problem.answer}</answer>"
        assert row["completion"] == text
        assert row["rollout_id"] == f"{problem.problem_id}#0"
        assert (row["sample_index"], row["finish_reason"]) == (0, "stop")
        assert row["completion_ids"] == [*policy.tokenizer(text).input_ids, 2]
        assert row["token_ends"][-2:] == [len(text), len(text)]
        prompt = student_prompt(workspace.experiment, policy, problem)
        assert row["prompt_ids"] == prompt.prompt_ids
        (expected,) = completion_logprobs(
            policy, ScoringBatch([prompt], [0], [row["completion_ids"]])
        )
        assert row["rollout_logprobs"] == pytest.approx(expected, abs=1e-5)


def test_only_what_the_verifier_accepts_is_learnt(learnt: tuple[Workspace, Made]) -> None:
    made = learnt[1]
    seen = set()
    for iteration in (0, 1):
        rewards = rows(made, "sft-s0", iteration, "rewards", Reward)
        weights = rows(made, "sft-s0", iteration, "token_weights", TokenWeights)
        for reward, row in zip(rewards, weights, strict=True):
            correct = reward["verdict"] == "correct"
            seen.add(correct)
            assert row["nll_weights"] == [float(correct)] * len(row["completion_ids"])
            assert row["token_advantages"] is None
            # A group of one is relative to nothing.
            assert reward["advantage"] == 0.0
    assert seen == {True, False}


def test_the_loss_is_the_mean_negative_log_likelihood(learnt: tuple[Workspace, Made]) -> None:
    made = learnt[1]
    metrics = made["sft-s0", 0, "policy_checkpoint"].record(PolicyCheckpoint).metrics
    assert [name for name in metrics if name.startswith("loss_")] == ["loss_nll"]
    scored = rows(made, "sft-s0", 0, "logprobs", TokenLogprobs)
    rewards = rows(made, "sft-s0", 0, "rewards", Reward)
    means = [
        (reward["verdict"] == "correct") * sum(row["student_logprobs"]) / len(row["completion_ids"])
        for reward, row in zip(rewards, scored, strict=True)
    ]
    assert metrics["loss"] == pytest.approx(-sum(means) / 4, abs=1e-5)
    assert all(row["teacher_logprobs"] is None for row in scored)


def test_what_was_learnt_is_likelier_afterwards(learnt: tuple[Workspace, Made]) -> None:
    workspace, made = learnt
    known = workspace.problems(made["", 0, "problems"])
    before = PolicyPool().get(made["sft-s0", 0, "policy"])
    after = PolicyPool().get(made["sft-s0", 0, "policy_checkpoint"])
    rewards = rows(made, "sft-s0", 0, "rewards", Reward)
    rollouts = rows(made, "sft-s0", 0, "rollouts", Rollout)
    gains = []
    for reward, row in zip(rewards, rollouts, strict=True):
        if reward["verdict"] != "correct":
            continue
        totals = []
        for policy in (before, after):
            prompt = student_prompt(workspace.experiment, policy, known[row["problem_id"]])
            batch = ScoringBatch([prompt], [0], [row["completion_ids"]])
            totals.append(sum(completion_logprobs(policy, batch)[0]))
        gains.append(totals[1] - totals[0])
    assert gains
    assert min(gains) > 0


def test_problems_are_the_ones_the_other_arms_sample(
    ran: tuple[Path, Made], learnt: tuple[Workspace, Made]
) -> None:
    """So that arms of one seed see the same questions."""
    sampled = rows(ran[1], "grpo-s0", 0, "rollouts", Rollout)
    ours = rows(learnt[1], "sft-s0", 0, "rollouts", Rollout)
    assert [row["problem_id"] for row in sampled][::4] == [row["problem_id"] for row in ours]


def test_own_responses_are_those_that_the_others_share(
    ran: tuple[Path, Made], copied: Path, workspace_at: Open, run_all: RunAll
) -> None:
    made = run_all(workspace_at(copied, arms=ARMS), ("own-s0",), iterations=1)
    for stage in ("rollouts", "rewards", "logprobs"):
        assert made["own-s0", 0, stage].digest == ran[1]["grpo-s0", 0, stage].digest
    rewards = rows(made, "own-s0", 0, "rewards", Reward)
    weights = rows(made, "own-s0", 0, "token_weights", TokenWeights)
    for reward, row in zip(rewards, weights, strict=True):
        expected = float(reward["verdict"] == "correct")
        assert row["nll_weights"] == [expected] * len(row["completion_ids"])


def refused(workspace: Workspace, ran: tuple[Path, Made]) -> str:
    run = workspace.at("sft-s0", 0)
    for stage in ("problems", "policy"):
        source = ran[1]["" if stage == "problems" else "grpo-s0", 0, stage]
        workspace.store.set_ref(run.reference(stage), source)
    with pytest.raises(DataError) as error:
        run.make(RolloutsStage)
    with pytest.raises(ArtifactError):
        run.read("rollouts")
    return str(error.value)


def test_a_reference_over_the_limit_is_never_cut(
    ran: tuple[Path, Made], copied: Path, workspace_at: Open
) -> None:
    message = refused(workspace_at(copied, arms=ARMS), ran)
    assert "tokens, sampling.max_tokens is 12: raise it or drop the problem" in message
    assert message.startswith("the reference response to problem ")


def test_a_problem_without_a_solution_is_named(
    ran: tuple[Path, Made], copied: Path, workspace_at: Open
) -> None:
    workspace = workspace_at(copied, arms=ARMS)
    problems = workspace.problems(ran[1]["", 0, "problems"])
    for name, problem in problems.items():
        problems[name] = problem.model_copy(update={"solution": None})
    assert "has no reference solution, and SFT learns it" in refused(workspace, ran)
