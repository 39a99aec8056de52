"""Two iterations of three arms, from the data set to the second checkpoint."""

import math
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.pool import PolicyPool
from rlsd_pipeline.privileged.context import JudgedRollout
from rlsd_pipeline.privileged.kinds.answer import Answer
from rlsd_pipeline.privileged.shown import teacher_texts
from rlsd_pipeline.stages.iteration.prompts import student_prompt
from rlsd_pipeline.stages.registry import ITERATION_STAGES, STAGES
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint, Reward, Rollout, TokenLogprobs, TokenWeights

Key = tuple[str, int, str]
Ran = tuple[Path, dict[Key, Artifact]]
Open = Callable[..., Workspace]
RunAll = Callable[..., dict[Key, Artifact]]

ARMS = ("grpo-s0", "rlsd-s0", "live-s0")


def digests(made: dict[Key, Artifact]) -> dict[Key, str]:
    return {key: artifact.digest for key, artifact in made.items()}


def test_an_iteration_reads_and_writes_what_its_contract_says(ran: Ran) -> None:
    _, made = ran
    for (arm, iteration, stage), artifact in made.items():
        read = dict(artifact.manifest.inputs)
        read.pop("teacher", None)
        # What these teachers are shown does not depend on the rewards.
        unused = {"rewards"} if stage == "logprobs" else set()
        assert set(read) == set(STAGES[stage].reads) - unused
        for name, digest in read.items():
            source = ("", 0, name) if name == "problems" else (arm, iteration, name)
            if name == "policy" and iteration:
                source = (arm, iteration - 1, "policy_checkpoint")
            assert digest == made[source].digest


def test_rollouts_are_groups_of_the_train_problems(ran: Ran, workspace_at: Open) -> None:
    store, made = ran
    known = workspace_at(store).problems(made["", 0, "problems"])
    table = made["grpo-s0", 0, "rollouts"].table(Rollout).to_pylist()
    groups = Counter(row["problem_id"] for row in table)
    assert list(groups.values()) == [4, 4, 4, 4]
    assert {known[name].split for name in groups} == {"train"}
    for index, row in enumerate(table):
        assert row["sample_index"] == index % 4
        assert row["rollout_id"] == f"{row['problem_id']}#{index % 4}"
        assert 1 <= len(row["completion_ids"]) <= 12
        assert (row["finish_reason"] == "stop") == (row["completion_ids"][-1] == 2)


def test_advantages_are_relative_to_the_group(ran: Ran) -> None:
    for iteration in (0, 1):
        table = ran[1]["rlsd-s0", iteration, "rewards"].table(Reward).to_pylist()
        for start in range(0, 16, 4):
            group = table[start : start + 4]
            mean = sum(row["reward"] for row in group) / 4
            for row in group:
                assert row["reward"] == pytest.approx(0.9 * (row["verdict"] == "correct"))
                assert (row["advantage"] > 0) == (row["reward"] > mean + 1e-9)
            assert sum(row["advantage"] for row in group) == pytest.approx(0, abs=1e-9)
        assert any(row["advantage"] for row in table)


def test_grpo_and_rlsd_differ_by_the_multiplier_alone(ran: Ran) -> None:
    """On the same rollouts and rewards; docs/method.md, one token after the other."""
    made = ran[1]
    advantages = made["rlsd-s0", 0, "rewards"].table(Reward)["advantage"].to_pylist()
    scored = made["rlsd-s0", 0, "logprobs"].table(TokenLogprobs).to_pylist()
    streams = {
        arm: made[arm, 0, "token_weights"].table(TokenWeights).to_pylist() for arm in ARMS[:2]
    }
    moved = 0
    for row, advantage in enumerate(advantages):
        assert streams["grpo-s0"][row]["token_advantages"] == pytest.approx(
            [advantage] * len(scored[row]["completion_ids"]), rel=1e-6
        )
        for place, found in enumerate(streams["rlsd-s0"][row]["token_advantages"]):
            gain = scored[row]["teacher_logprobs"][place] - scored[row]["student_logprobs"][place]
            sign = (advantage > 0) - (advantage < 0)
            weight = min(max(math.exp(sign * gain), 0.8), 1.2)
            assert found == pytest.approx(advantage * (0.5 + 0.5 * weight), rel=1e-4, abs=1e-7)
            moved += found != pytest.approx(advantage, rel=1e-3)
    assert moved > 20


def test_schedule_reaches_the_stream(ran: Ran) -> None:
    """λ falls from 0.5 by a quarter in the second of four iterations: 0.5 + 0.375 (w - 1)."""
    config = ran[1]["rlsd-s0", 1, "token_weights"].manifest.config
    assert config["weighting"] == {
        "type": "rlsd",
        "mix": 0.375,
        "clip": 0.2,
        "warmup": 0,
        "decay": None,
        "formula": "corrected",
        "responses_weighted": "all",
        "tokens_weighted": "all",
    }


def test_scores_are_those_of_the_plain_and_the_privileged_prompt(
    ran: Ran, workspace_at: Open
) -> None:
    store, made = ran
    workspace = workspace_at(store)
    known = workspace.problems(made["", 0, "problems"])
    rollouts = made["rlsd-s0", 1, "rollouts"].table(Rollout).to_pylist()
    scored = made["rlsd-s0", 1, "logprobs"].table(TokenLogprobs).to_pylist()
    student = PolicyPool().get(made["rlsd-s0", 0, "policy_checkpoint"])
    teacher = PolicyPool().get(made["rlsd-s0", 0, "policy"])
    for row, score in list(zip(rollouts, scored, strict=True))[::5]:
        problem = known[row["problem_id"]]
        judged = [JudgedRollout(problem, row["completion"])]
        (text,) = teacher_texts(workspace.experiment.prompts, Answer(), judged)
        assert text == f"{problem.question} reference: {problem.answer}"
        prompt = teacher.encode(text, problem.images)
        plain = [student_prompt(workspace.experiment, each, problem) for each in (student, teacher)]
        for policy, context, name in (
            (student, plain[0], "student_logprobs"),
            (teacher, prompt, "teacher_logprobs"),
            # The control: the older weights without what is privileged.
            (teacher, plain[1], "teacher_plain_logprobs"),
        ):
            batch = ScoringBatch([context], [0], [row["completion_ids"]])
            (expected,) = completion_logprobs(policy, batch)
            assert score[name] == pytest.approx(expected, abs=1e-5)
        assert f"reference: {problem.answer}<" in teacher.tokenizer.decode(prompt.prompt_ids)
        assert "reference" not in student.tokenizer.decode(row["prompt_ids"])
        assert score["student_logprobs"] == pytest.approx(row["rollout_logprobs"], abs=1e-5)


def test_synced_and_live_teachers(ran: Ran) -> None:
    made = ran[1]
    base, updated = (
        made["rlsd-s0", 0, "policy"].digest,
        made["rlsd-s0", 0, "policy_checkpoint"].digest,
    )
    teachers = {
        (arm, iteration): made[arm, iteration, "logprobs"].manifest.inputs.get("teacher")
        for arm in ARMS
        for iteration in (0, 1)
    }
    # Synced every second iteration: iteration 1 still has the base; the live one has the update.
    assert teachers == {
        ("grpo-s0", 0): None,
        ("grpo-s0", 1): None,
        ("rlsd-s0", 0): base,
        ("rlsd-s0", 1): base,
        ("live-s0", 0): base,
        ("live-s0", 1): updated,
    }
    without = made["grpo-s0", 1, "logprobs"].table(TokenLogprobs)["teacher_logprobs"]
    assert without.null_count == len(without)


def test_checkpoints_are_a_lineage(ran: Ran) -> None:
    made = ran[1]
    base = made["grpo-s0", 0, "policy"]
    first = made["grpo-s0", 0, "policy_checkpoint"]
    second = made["grpo-s0", 1, "policy_checkpoint"]
    records = [artifact.record(PolicyCheckpoint) for artifact in (base, first, second)]
    assert [record.updates for record in records] == [0, 1, 2]
    assert [record.parent for record in records] == [None, base.digest, first.digest]
    assert len({record.parameters for record in records}) == 1
    assert records[1].metrics["optimizer_steps"] == 1
    assert records[1].metrics["grad_norm"] > 0
    states = [PolicyPool().take(artifact).optimizer_state for artifact in (base, first, second)]
    steps = [{v.item() for key, v in s.items() if key.endswith("/step")} for s in states]
    assert steps == [set(), {1.0}, {2.0}]


def test_arms_of_one_seed_share_what_is_equal(ran: Ran) -> None:
    made = ran[1]
    for stage in ("policy", "rollouts", "rewards"):
        first, second = made["grpo-s0", 0, stage], made["rlsd-s0", 0, stage]
        assert second.manifest.fingerprint == first.manifest.fingerprint
        assert second.digest == first.digest
    assert made["grpo-s0", 1, "rollouts"].digest != made["rlsd-s0", 1, "rollouts"].digest
    # Two RLSD arms whose λ and teacher agree in the first iteration.
    first, second = (made[arm, 0, "policy_checkpoint"] for arm in ("rlsd-s0", "live-s0"))
    assert second.manifest.fingerprint == first.manifest.fingerprint
    assert made["live-s0", 1, "logprobs"].digest != made["rlsd-s0", 1, "logprobs"].digest


def test_another_seed_draws_other_rollouts(
    copied: Path, ran: Ran, workspace_at: Open, run_all: RunAll
) -> None:
    arms = [{"weighting": {"type": "grpo"}, "seeds": [0, 1]}]
    made = run_all(workspace_at(copied, arms=arms), ("grpo-s1",), iterations=1)
    assert made["grpo-s1", 0, "policy"].cache_hit
    assert not made["grpo-s1", 0, "rollouts"].cache_hit
    assert made["grpo-s1", 0, "rollouts"].digest != ran[1]["grpo-s0", 0, "rollouts"].digest


def test_asked_again_everything_is_there(
    ran: Ran, workspace_at: Open, run_all: RunAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a cache hit loads no policy")

    monkeypatch.setattr(PolicyPool, "get", refuse)
    monkeypatch.setattr(PolicyPool, "take", refuse)
    store, made = ran
    again = run_all(workspace_at(store), ARMS)
    assert all(artifact.cache_hit for artifact in again.values())
    assert digests(again) == digests(made)


def test_what_changes_nothing_in_a_stage_leaves_it_cached(
    copied: Path, workspace_at: Open, stages: dict[str, Callable]
) -> None:
    """Each change is paid for from the first stage that depends on it."""
    changes = {
        "iterations": 3,
        "description": "other words",
        "reward": {"accuracy_weight": 0.5},
        "update": {"learning_rate": 2e-3},
        "sampling": {
            "prompts": 4,
            "group_size": 4,
            "max_prompt_tokens": 128,
            "max_tokens": 11,
        },
    }
    first_new = {
        "iterations": None,
        "description": None,
        "reward": "rewards",
        "update": "policy_checkpoint",
        "sampling": "rollouts",
    }
    for name, value in changes.items():
        run = workspace_at(copied, **{name: value}).at("rlsd-s0", 0)
        new = next((s for s in ITERATION_STAGES if not STAGES[s]().is_current(run)), None)
        assert new == first_new[name]
        made = [stage(run).cache_hit for stage in stages.values()]
        cut = len(made) if new is None else ITERATION_STAGES.index(new)
        assert all(made[:cut])
        assert not any(made[cut : cut + 1])
        # Back to what was declared, so that the refs point there again.
        for stage in stages.values():
            assert stage(workspace_at(copied).at("rlsd-s0", 0)).cache_hit


def test_another_store_gives_the_same_digests(
    ran: Ran, tmp_path: Path, workspace_at: Open, run_all: RunAll
) -> None:
    torch.manual_seed(1234)
    random.seed(1234)
    again = run_all(workspace_at(tmp_path / "other"), ARMS)
    assert digests(again) == digests(ran[1])


@pytest.mark.parametrize("stage", ITERATION_STAGES)
def test_a_deleted_artifact_is_made_again_as_it_was(
    ran: Ran, copied: Path, workspace_at: Open, stages: dict[str, Callable], stage: str
) -> None:
    """With policies loaded from the store, where the first run had them in memory."""
    lost = ran[1]["rlsd-s0", 1, stage]
    shutil.rmtree(copied / stage / lost.fingerprint[:2] / lost.fingerprint)
    run = workspace_at(copied).at("rlsd-s0", 1)
    assert not STAGES[stage]().is_current(run)
    again = stages[stage](run)
    assert not again.cache_hit
    assert again.digest == lost.digest
    assert STAGES[stage]().is_current(run)


def test_batch_prompts_changes_no_draw(
    ran: Ran, tmp_path: Path, workspace_at: Open, run_all: RunAll
) -> None:
    engine = {"type": "transformers", "batch_prompts": 1}
    again = run_all(workspace_at(tmp_path / "other", engine=engine), ("rlsd-s0",), iterations=1)
    first, second = (
        made["rlsd-s0", 0, "rollouts"].table(Rollout)["completion_ids"].to_pylist()
        for made in (ran[1], again)
    )
    assert first == second
