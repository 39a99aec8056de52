"""Another model as the teacher."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.pool import PolicyPool
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.prompts import student_prompt
from rlsd_pipeline.stages.iteration.teacher import require_same_tokenizer
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint, Rollout, TokenLogprobs

Made = dict[tuple[str, int, str], Artifact]
Open = Callable[..., Workspace]
RunAll = Callable[..., Made]


def other_model(seed: int = 7, **changes: object) -> dict:
    """Another warm start of the small model."""
    size = {"hidden_size": 32, "intermediate_size": 48, "vision_hidden_size": 16, "vocabulary": 300}
    warm_start = {"steps": 1, "batch_size": 2}
    model = {"type": "tiny_qwen3_vl", **size, "seed": seed, "warm_start": warm_start, **changes}
    return {"type": "model", "model": model}


def with_arm(open_at: Open, store: Path, weighting: dict, **arm: object) -> Workspace:
    return open_at(store, arms=[{"name": "other", "weighting": weighting, **arm}])


def test_another_model_teaches(
    ran: tuple[Path, Made], copied: Path, workspace_at: Open, run_all: RunAll
) -> None:
    divergence = {"type": "reverse_kl", "top_k": 5}
    weighting = {"type": "opd", "divergence": divergence}
    workspace = with_arm(workspace_at, copied, weighting, teacher=other_model())
    made = run_all(workspace, ("other-s0",), iterations=2)
    base = made["other-s0", 0, "policy"]
    assert base.digest == ran[1]["grpo-s0", 0, "policy"].digest
    teacher = workspace.at("other-s0", 0).read("teacher")
    assert teacher.digest != base.digest
    for iteration in (0, 1):
        inputs = made["other-s0", iteration, "logprobs"].manifest.inputs
        assert inputs["teacher"] == teacher.digest
    # It scores what the student sees.
    model = PolicyPool().get(teacher)
    known = workspace.problems(made["", 0, "problems"])
    rollouts = made["other-s0", 1, "rollouts"].table(Rollout).to_pylist()
    table = made["other-s0", 1, "logprobs"].table(TokenLogprobs)
    scored = table["teacher_logprobs"].to_pylist()
    for row, found in list(zip(rollouts, scored, strict=True))[::5]:
        prompt = student_prompt(workspace.experiment, model, known[row["problem_id"]])
        (expected,) = completion_logprobs(
            model, ScoringBatch([prompt], [0], [row["completion_ids"]])
        )
        assert found == pytest.approx(expected, abs=1e-5)
    # Nothing is privileged, so there is no control.
    assert table["teacher_plain_logprobs"].null_count == 16
    metrics = made["other-s0", 1, "policy_checkpoint"].record(PolicyCheckpoint).metrics
    assert metrics["loss_distillation"] > 0
    assert "loss_policy_gradient" not in metrics


def test_another_model_that_sees_the_answer_has_its_control(
    ran: tuple[Path, Made], copied: Path, workspace_at: Open
) -> None:
    weighting = {"type": "opsd", "divergence": {"type": "forward_kl", "top_k": 3}}
    workspace = with_arm(workspace_at, copied, weighting, teacher=other_model())
    run = workspace.at("other-s0", 0)
    for stage in ("policy", "rollouts", "rewards"):
        workspace.store.set_ref(run.reference(stage), ran[1]["grpo-s0", 0, stage])
    table = run.make(LogprobsStage).table(TokenLogprobs)
    assert table["teacher_plain_logprobs"].null_count == 0
    assert table["teacher_plain_logprobs"] != table["teacher_logprobs"]


def test_a_teacher_of_another_vocabulary_is_refused(
    ran: tuple[Path, Made], copied: Path, workspace_at: Open
) -> None:
    teacher = other_model(vocabulary=310)
    workspace = with_arm(workspace_at, copied, {"type": "opd"}, teacher=teacher)
    run = workspace.at("other-s0", 0)
    for stage in ("policy", "rollouts", "rewards"):
        workspace.store.set_ref(run.reference(stage), ran[1]["grpo-s0", 0, stage])
    with pytest.raises(ModelError) as error:
        run.make(LogprobsStage)
    message = str(error.value)
    # Ten more pairs, and the four tags that now stand behind them.
    assert message.startswith("the teacher's tokenizer is not the student's: 14 tokens differ, for")
    assert "example '</answer>' is 299 to the student and 309 to the teacher." in message
    assert "choose a model of the same family" in message
    assert workspace.store.ref(run.reference("logprobs")) is None


def test_one_tokenizer_is_no_reason_to_refuse(ran: tuple[Path, Made]) -> None:
    base, trained = ran[1]["grpo-s0", 0, "policy"], ran[1]["grpo-s0", 1, "policy_checkpoint"]
    pool = PolicyPool()
    require_same_tokenizer(pool.get(base), pool.get(trained))
