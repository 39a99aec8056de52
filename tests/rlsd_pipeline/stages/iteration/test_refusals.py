"""What a stage must refuse, and what must never pass for a wrong answer."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.artifacts import Artifact, ArtifactStore
from rlsd_pipeline.data import easy_vqa
from rlsd_pipeline.data.sources.easy_vqa import EasyVQADataset
from rlsd_pipeline.errors import AlignmentError, ArtifactError, ConfigError, DataError
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage, advantages, verify
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.iteration.sampling import choose_problems, draw_seed
from rlsd_pipeline.stages.iteration.token_weights import TokenWeightsStage
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from rlsd_pipeline.verifiers.verifier import Verification, Verifier
from schemas import Problem, Reward, Rollout, Verdict

Open = Callable[..., Workspace]
Ran = tuple[Path, dict[tuple[str, int, str], Artifact]]


def redraw(workspace: Workspace) -> StageRun:
    """Sample the first iteration afresh: the same problems and names, other tokens."""
    place = workspace.at("rlsd-s0", 0, draw=1)
    place.make(RolloutsStage)
    return place


def test_a_fresh_draw_is_another_artifact(copied: Path, ran: Ran, workspace_at: Open) -> None:
    run = redraw(workspace_at(copied))
    before = ran[1]["rlsd-s0", 0, "rollouts"].table(Rollout)
    after = run.read("rollouts").table(Rollout)
    assert before["rollout_id"] == after["rollout_id"]
    assert before["completion_ids"] != after["completion_ids"]


def test_a_fresh_draw_stays_until_another_is_asked_for(copied: Path, workspace_at: Open) -> None:
    redraw(workspace_at(copied))
    run = workspace_at(copied).at("rlsd-s0", 0)
    assert run.kept_draw() == 1
    assert RolloutsStage().is_current(run)
    assert not RewardsStage().is_current(run)


def test_weights_refuse_log_probabilities_of_other_rollouts(
    copied: Path, workspace_at: Open
) -> None:
    workspace = workspace_at(copied)
    before = workspace.at("rlsd-s0", 0).read("rollouts")
    run = redraw(workspace)
    run.make(RewardsStage)
    with pytest.raises(AlignmentError) as error:
        run.make(TokenWeightsStage)
    message, now = str(error.value), run.read("rollouts")
    assert f"are those of the rollouts {before.digest[:12]}" in message
    assert f"the rollouts here are {now.digest[:12]}: materialize logprobs again" in message
    run.make(LogprobsStage)
    assert not run.make(TokenWeightsStage).cache_hit


def test_weights_refuse_rewards_of_other_rollouts(copied: Path, workspace_at: Open) -> None:
    """They hold no tokens, so only their origin tells."""
    run = redraw(workspace_at(copied))
    run.make(LogprobsStage)
    with pytest.raises(AlignmentError, match="rewards") as error:
        run.make(TokenWeightsStage)
    assert "materialize rewards again" in str(error.value)
    run.make(RewardsStage)
    assert not run.make(TokenWeightsStage).cache_hit


@pytest.mark.parametrize("stale", ["logprobs", "token_weights"])
def test_update_refuses_tables_of_other_rollouts(
    copied: Path, workspace_at: Open, stale: str
) -> None:
    run = redraw(workspace_at(copied))
    old = run.read(stale)
    for stage in (RewardsStage, LogprobsStage, TokenWeightsStage):
        run.make(stage)
    run.workspace.store.set_ref(run.reference(stale), old)
    with pytest.raises(AlignmentError, match="compute the table again from these rollouts"):
        run.make(PolicyCheckpointStage)


def test_scoring_refuses_a_prompt_that_is_not_the_sampled_one(
    copied: Path, workspace_at: Open
) -> None:
    prompts = {
        "student": "{question} think!",
        "answer_reference": "{question} reference: {answer}",
        "solution_reference": "{question} solution: {solution}",
    }
    run = workspace_at(copied, prompts=prompts).at("rlsd-s0", 0)
    with pytest.raises(AlignmentError, match="sampled from: the prompt template"):
        run.make(LogprobsStage)


def test_a_prompt_over_the_limit_is_refused_and_nothing_written(
    copied: Path, workspace_at: Open
) -> None:
    sampling = {"prompts": 4, "group_size": 4, "max_prompt_tokens": 30, "max_tokens": 12}
    workspace = workspace_at(copied, sampling=sampling)
    before = sorted(path for path in copied.rglob("*") if path.is_file())
    with pytest.raises(DataError) as error:
        workspace.at("rlsd-s0", 0).make(RolloutsStage)
    assert "tokens, max_prompt_tokens of sampling is 30" in str(error.value)
    assert "never cut" in str(error.value)
    assert sorted(path for path in copied.rglob("*") if path.is_file()) == before


def test_a_crash_of_the_verifier_is_no_zero(
    copied: Path, workspace_at: Open, coin: Callable[..., Any]
) -> None:
    workspace = workspace_at(copied, reward={"accuracy_weight": 1.0, "format_weight": 0.0})
    workspace.verifier = coin(errors=True)
    rows = workspace.at("rlsd-s0", 0).make(RewardsStage).table(Reward).to_pylist()
    verdicts = Counter(row["verdict"] for row in rows)
    assert min(verdicts[v] for v in ("correct", "incorrect", "verifier_error")) > 0
    for start in range(0, 16, 4):
        group = rows[start : start + 4]
        failed = [row for row in group if row["verdict"] == "verifier_error"]
        judged = [row for row in group if row["verdict"] != "verifier_error"]
        assert all((row["reward"], row["advantage"]) == (None, 0.0) for row in failed)
        assert all(row["reward"] == (row["verdict"] == "correct") for row in judged)
        assert sum(row["advantage"] for row in judged) == pytest.approx(0, abs=1e-9)
        varied = len({row["reward"] for row in judged}) > 1
        assert all((row["advantage"] != 0) == varied for row in judged)


def test_advantages_leave_failures_out() -> None:
    found = advantages([1.0, None, 0.0, 0.5, 0.5], Groups(["a", "a", "a", "b", "b"]))
    # Group a: 1 and 0, ±0.5 / (sqrt(0.5) + 1e-6) = ±0.7071058; group b has no variance.
    assert found == pytest.approx([0.7071058, 0.0, -0.7071058, 0.0, 0.0], abs=5e-8)


@pytest.mark.parametrize(
    ("verdict", "cut", "expected"),
    [
        (Verdict.UNPARSED, True, Verdict.TRUNCATED),
        (Verdict.UNPARSED, False, Verdict.UNPARSED),
        (Verdict.CORRECT, True, Verdict.CORRECT),
        (Verdict.INCORRECT, True, Verdict.INCORRECT),
        (Verdict.VERIFIER_ERROR, True, Verdict.VERIFIER_ERROR),
    ],
)
def test_truncated_is_only_what_was_cut_before_it_answered(
    ran: Ran, workspace_at: Open, verdict: Verdict, cut: bool, expected: Verdict
) -> None:
    class Says(Verifier):
        def judge(self, completion: str, problem: Problem) -> Verification:
            return Verification(verdict, None, None)

    workspace = workspace_at(ran[0])
    workspace.verifier = Says()
    problem = Problem.model_validate(Problem.example)
    assert verify(workspace, "text", problem, cut=cut).verdict is expected


def test_a_gold_answer_the_verifier_rejects_stops_the_data_set(
    tmp_path: Path, workspace_at: Open, coin: Callable[..., Any]
) -> None:
    class Deaf(coin):  # type: ignore[misc, valid-type]
        def judge(self, completion: str, problem: Problem) -> Verification:
            return Verification(Verdict.INCORRECT, None, None)

    workspace = workspace_at(tmp_path / "store")
    workspace.verifier = Deaf()
    with pytest.raises(DataError, match="rejects the gold answer of 20 of 20 problems"):
        workspace.whole().make(ProblemsStage)
    assert ArtifactStore(tmp_path / "store").ref("small/problems") is None


def test_a_stage_names_what_is_missing(tmp_path: Path, workspace_at: Open) -> None:
    workspace = workspace_at(tmp_path / "store")
    with pytest.raises(ArtifactError, match="materialize problems there first"):
        workspace.at("rlsd-s0", 0).make(RolloutsStage)
    workspace.whole().make(ProblemsStage)
    workspace.at("rlsd-s0", 0).make(PolicyStage)
    with pytest.raises(ArtifactError, match="small/rlsd-s0/001/policy"):
        workspace.at("rlsd-s0", 1).make(RolloutsStage)


def test_places_that_are_not_declared(ran: Ran, workspace_at: Open) -> None:
    workspace = workspace_at(ran[0])
    with pytest.raises(ConfigError, match="no arm 'rlds-s0'; it has grpo-s0, rlsd-s0, live-s0"):
        workspace.at("rlds-s0", 0)
    for iteration in (-1, 5):
        with pytest.raises(ConfigError, match=f"has the iterations 0 to 3, and not {iteration}"):
            workspace.at("rlsd-s0", iteration)


def some_problems(count: int) -> list[Problem]:
    images = sorted(easy_vqa.scenes("test"))
    drawn = easy_vqa.draw("test", images, count, EasyVQADataset().seed)
    return [easy_vqa.to_problem("test", question) for question in drawn]


def test_every_problem_is_visited_once_an_epoch() -> None:
    train = some_problems(30)
    epochs = []
    for epoch in range(3):
        visited = [
            problem.problem_id
            for iteration in range(epoch * 5, epoch * 5 + 5)
            for problem in choose_problems(train, 6, iteration, seed=0)
        ]
        assert sorted(visited) == sorted(problem.problem_id for problem in train)
        epochs.append(visited)
    # Each epoch in an order of its own.
    assert epochs[0] != epochs[1] != epochs[2]


def test_no_problem_comes_twice_where_the_last_batch_would_not_be_full() -> None:
    train = some_problems(20)
    left_out = []
    for epoch in range(4):
        visited = {
            problem.problem_id
            for iteration in range(epoch * 2, epoch * 2 + 2)
            for problem in choose_problems(train, 8, iteration, seed=0)
        }
        assert len(visited) == 16
        left_out.append({problem.problem_id for problem in train} - visited)
    assert len({frozenset(each) for each in left_out}) > 1


def test_problems_follow_from_the_seed() -> None:
    train = some_problems(30)
    first = choose_problems(train, 6, 2, seed=0)
    assert first == choose_problems(train, 6, 2, seed=0)
    assert first != choose_problems(train, 6, 2, seed=1)


def test_more_problems_than_there_are() -> None:
    with pytest.raises(ConfigError, match="asks for 11 problems an iteration and the data set has"):
        choose_problems(some_problems(10), 11, 0, seed=0)


def test_draws_have_seeds_of_their_own() -> None:
    seeds = [draw_seed(s, i, d) for s in range(3) for i in range(12) for d in range(3)]
    assert len(set(seeds)) == len(seeds)
    assert draw_seed(1, 2, 3) == draw_seed(1, 2, 3)


def test_scoring_refuses_rollouts_of_another_policy(copied: Path, workspace_at: Open) -> None:
    """Scored by another policy they would pass for its own, with a ratio of 1."""
    workspace = workspace_at(copied)
    run = workspace.at("rlsd-s0", 1)
    before, other = run.read("policy"), workspace.at("rlsd-s0", 2).read("policy")
    workspace.store.set_ref(run.reference("policy"), other)
    with pytest.raises(AlignmentError) as error:
        run.make(LogprobsStage)
    assert str(error.value) == (
        f"the rollouts were sampled by policy {before.digest[:12]}, and the policy here is "
        f"{other.digest[:12]}: materialize rollouts again"
    )
