"""Methods that match the teacher's distribution, from its table to the update."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.models.pool import PolicyPool
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.prompts import student_prompt
from rlsd_pipeline.stages.workspace import Workspace
from schemas import (
    PolicyCheckpoint,
    Reward,
    Rollout,
    TeacherDistribution,
    TokenLogprobs,
    TokenWeights,
)

Made = dict[tuple[str, int, str], Artifact]
Open = Callable[..., Workspace]
RunAll = Callable[..., Made]
Naive = Callable[..., Tensor]

TOP = 5


def arm(name: str, method: str, divergence: str = "forward_kl", **options: object) -> dict:
    kept = {"type": divergence, "top_k": TOP, **options}
    return {"name": name, "weighting": {"type": method, "divergence": kept}}


ARMS = [
    arm("forward", "opsd"),
    arm("reverse", "opsd", "reverse_kl"),
    arm("wide", "opsd", top_k=TOP + 1),
    arm("ours", "opsd", "jsd", support="student"),
    arm("both", "grpo_opsd"),
    arm("sdpo", "sdpo", "jsd"),
    {
        "name": "told",
        "weighting": {"type": "sdpo", "groups": "all", "divergence": {"type": "sampled"}},
        "privileged": "feedback",
    },
    {"name": "sampled", "weighting": {"type": "opsd", "divergence": {"type": "sampled"}}},
]
NAMES = tuple(f"{each['name']}-s0" for each in ARMS)
# So that the weights of the teacher are others than the student's in the second iteration.
TEACHER = {"type": "frozen"}


@pytest.fixture(scope="module")
def distilled(
    tmp_path_factory: pytest.TempPathFactory, workspace_at: Open, run_all: RunAll
) -> tuple[Path, Made]:
    """One iteration of every arm and a second of three; not to be changed."""
    store = tmp_path_factory.mktemp("distilled") / "store"
    workspace = workspace_at(store, arms=ARMS, teacher=TEACHER)
    made = run_all(workspace, NAMES, iterations=1)
    return store, run_all(workspace, ("forward-s0", "ours-s0", "sdpo-s0"), iterations=2) | made


def table(made: Made, name: str, iteration: int, record: type) -> list[dict]:
    stage = {Rollout: "rollouts", Reward: "rewards", TokenWeights: "token_weights"}
    artifact = made[f"{name}-s0", iteration, stage.get(record, "logprobs")]
    return artifact.table(record).to_pylist()


def metrics(made: Made, name: str, iteration: int = 0) -> dict[str, float]:
    artifact = made[f"{name}-s0", iteration, "policy_checkpoint"]
    return dict(artifact.record(PolicyCheckpoint).metrics)


@pytest.mark.parametrize("name", ["forward", "ours"])
def test_the_entries_are_the_declared_ones(
    distilled: tuple[Path, Made], workspace_at: Open, naive_distributions: Naive, name: str
) -> None:
    """Row by row, with a policy that has been updated and a teacher that has not."""
    store, made = distilled
    workspace = workspace_at(store, arms=ARMS, teacher=TEACHER)
    known = workspace.problems(made["", 0, "problems"])
    student = PolicyPool().get(made[f"{name}-s0", 0, "policy_checkpoint"])
    teacher = PolicyPool().get(made[f"{name}-s0", 0, "policy"])
    rollouts = table(made, name, 1, Rollout)
    rows = zip(rollouts, table(made, name, 1, TeacherDistribution), strict=True)
    for rollout, row in list(rows)[::5]:
        assert row["rollout_id"] == rollout["rollout_id"]
        assert row["completion_ids"] == rollout["completion_ids"]
        assert row["support_size"] == TOP
        problem = known[rollout["problem_id"]]
        plain = student_prompt(workspace.experiment, student, problem)
        told = teacher.encode(f"{problem.question} reference: {problem.answer}", problem.images)
        ids = rollout["completion_ids"]
        ours = naive_distributions(student, plain, ids)[:-1]
        theirs = naive_distributions(teacher, told, ids)[:-1]
        kept = torch.tensor(row["support_ids"]).view(-1, TOP)
        likeliest = (theirs if name == "forward" else ours).topk(TOP, dim=-1).indices
        assert torch.equal(kept, likeliest)
        logprobs = torch.tensor(row["support_logprobs"]).view(-1, TOP)
        expected = theirs.gather(-1, kept)
        torch.testing.assert_close(logprobs, expected, rtol=0, atol=1e-5)
        rest = theirs.scatter(-1, kept, float("-inf")).logsumexp(-1)
        torch.testing.assert_close(torch.tensor(row["tail_logprobs"]), rest, rtol=0, atol=1e-5)


def test_methods_that_keep_the_same_entries_share_a_table(distilled: tuple[Path, Made]) -> None:
    made = distilled[1]
    scored = {name: made[f"{name}-s0", 0, "logprobs"] for name in ("forward", "reverse", "both")}
    assert not scored["forward"].cache_hit
    assert scored["reverse"].cache_hit
    assert scored["both"].cache_hit
    assert len({artifact.digest for artifact in scored.values()}) == 1
    for name in ("wide", "ours", "sampled"):
        assert made[f"{name}-s0", 0, "logprobs"].digest != scored["forward"].digest
    # The divergence itself counts where it is used.
    updates = {made[f"{name}-s0", 0, "policy_checkpoint"].digest for name in ("forward", "reverse")}
    assert len(updates) == 2


def test_each_method_is_updated_by_its_own_streams(distilled: tuple[Path, Made]) -> None:
    made = distilled[1]
    parts = {
        name: {key.removeprefix("loss_") for key in metrics(made, name) if key.startswith("loss_")}
        for name in ("forward", "reverse", "wide", "ours", "both", "sdpo", "told", "sampled")
    }
    matching = {"distillation"}
    assert parts == {
        "forward": matching,
        "reverse": matching,
        "wide": matching,
        "ours": matching,
        "both": {"policy_gradient", "distillation"},
        "sdpo": matching,
        "told": {"policy_gradient"},
        "sampled": {"policy_gradient"},
    }
    for name in parts:
        assert metrics(made, name)["grad_norm"] > 0
    # Merging one more entry into the bucket hides a little more.
    assert metrics(made, "forward")["loss"] < metrics(made, "wide")["loss"]


def test_the_loss_is_the_mean_over_responses(
    distilled: tuple[Path, Made], workspace_at: Open, naive_distributions: Naive
) -> None:
    """From the tables and a slow pass of the student: tokens of a response, then responses."""
    store, made = distilled
    workspace = workspace_at(store, arms=ARMS, teacher=TEACHER)
    known = workspace.problems(made["", 0, "problems"])
    student = PolicyPool().get(made["forward-s0", 0, "policy"])
    far, gains = [], []
    for rollout, row, scored in zip(
        table(made, "forward", 0, Rollout),
        table(made, "forward", 0, TeacherDistribution),
        table(made, "sampled", 0, TokenLogprobs),
        strict=True,
    ):
        prompt = student_prompt(workspace.experiment, student, known[rollout["problem_id"]])
        ours = naive_distributions(student, prompt, rollout["completion_ids"])[:-1]
        kept = torch.tensor(row["support_ids"]).view(-1, TOP)
        theirs = torch.tensor(row["support_logprobs"]).view(-1, TOP)
        rest = torch.tensor(row["tail_logprobs"])
        our_rest = ours.scatter(-1, kept, float("-inf")).logsumexp(-1)
        value = (theirs.exp() * (theirs - ours.gather(-1, kept))).sum(-1)
        far.append((value + rest.exp() * (rest - our_rest)).mean().item())
        pairs = zip(scored["teacher_logprobs"], scored["student_logprobs"], strict=True)
        gain = [theirs - ours for theirs, ours in pairs]
        gains.append(sum(gain) / len(gain))
    assert metrics(made, "forward")["loss"] == pytest.approx(sum(far) / 16, abs=1e-6)
    # The sampled form on policy: ρ = 1 and -mean Δ.
    assert metrics(made, "sampled")["loss"] == pytest.approx(-sum(gains) / 16, abs=1e-6)


def test_uninformed_rows_are_null_and_weigh_nothing(distilled: tuple[Path, Made]) -> None:
    """SDPO: groups without a success, and a success without another one."""
    made = distilled[1]
    seen = set()
    for iteration in (0, 1):
        rewards = table(made, "sdpo", iteration, Reward)
        scored = table(made, "sdpo", iteration, TokenLogprobs)
        kept = table(made, "sdpo", iteration, TeacherDistribution)
        weights = table(made, "sdpo", iteration, TokenWeights)
        for row, reward in enumerate(rewards):
            group = [r for r in rewards if r["problem_id"] == reward["problem_id"]]
            others = [r for r in group if r is not reward and r["verdict"] == "correct"]
            informed = bool(others)
            seen.add(informed)
            for column in ("support_ids", "support_logprobs", "tail_logprobs"):
                assert (kept[row][column] is not None) == informed
            assert (scored[row]["teacher_logprobs"] is not None) == informed
            expected = [float(informed)] * len(scored[row]["completion_ids"])
            assert weights[row]["distillation_weights"] == expected
    assert seen == {True, False}


def test_feedback_informs_every_row_of_its_own_verdict(
    distilled: tuple[Path, Made], workspace_at: Open, naive_logprobs: Naive
) -> None:
    store, made = distilled
    workspace = workspace_at(store, arms=ARMS, teacher=TEACHER)
    known = workspace.problems(made["", 0, "problems"])
    teacher = PolicyPool().get(made["told-s0", 0, "policy"])
    rows = zip(
        table(made, "told", 0, Rollout),
        table(made, "told", 0, Reward),
        table(made, "told", 0, TokenLogprobs),
        strict=True,
    )
    words = set()
    for rollout, reward, scored in rows:
        word = "correct" if reward["verdict"] == "correct" else "wrong"
        words.add(word)
        problem = known[rollout["problem_id"]]
        text = f"{problem.question} feedback: the answer coin is {word}."
        prompt = teacher.encode(text, problem.images)
        expected = naive_logprobs(teacher, prompt, rollout["completion_ids"])
        assert scored["teacher_logprobs"] == pytest.approx(expected.tolist(), abs=1e-5)
    assert words == {"correct", "wrong"}
    rewards = made["told-s0", 0, "rewards"].digest
    assert made["told-s0", 0, "logprobs"].manifest.inputs["rewards"] == rewards


def test_what_a_sibling_is_shown_follows_from_the_rewards(distilled: tuple[Path, Made]) -> None:
    made = distilled[1]
    rewards = made["sdpo-s0", 0, "rewards"].digest
    assert made["sdpo-s0", 0, "logprobs"].manifest.inputs["rewards"] == rewards
    assert "rewards" not in made["forward-s0", 0, "logprobs"].manifest.inputs


def test_a_lost_update_is_made_again_as_it_was(
    distilled: tuple[Path, Made], workspace_at: Open
) -> None:
    """From the stored distribution, with policies loaded from the store."""
    store, made = distilled
    workspace = workspace_at(store, arms=ARMS, teacher=TEACHER)
    for name in ("forward-s0", "sdpo-s0"):
        again = workspace.at(name, 1, recompute=True).make(PolicyCheckpointStage)
        assert not again.cache_hit
        assert again.digest == made[name, 1, "policy_checkpoint"].digest
