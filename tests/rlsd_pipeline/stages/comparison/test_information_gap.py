"""What a reference does to the teacher on real rollouts, against the theorem written out slowly."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.errors import AlignmentError
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.pool import PolicyPool
from rlsd_pipeline.privileged.context import JudgedRollout
from rlsd_pipeline.stages.comparison import information_probe
from rlsd_pipeline.stages.comparison.information_gap import InformationGapStage
from rlsd_pipeline.stages.comparison.information_probe import _nth, _others, _references
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from rlsd_pipeline.verifiers.verifier import Verification
from schemas import InformationGap, Problem, Reward, Rollout

Open = Callable[..., Workspace]
Naive = Callable[..., Tensor]


@pytest.fixture
def place(copied: Path, workspace_at: Open, coin: type) -> StageRun:
    """The second iteration of RLSD, whose teacher is the base; groups give several answers."""

    class Colours(coin):  # type: ignore[misc]
        def judge(self, completion: str, problem: Problem) -> Verification:
            side = hashlib.sha256(completion.encode()).digest()[0]
            found = ("red", "blue", "yellow", None)[side % 4]
            return super().judge(completion, problem)._replace(extracted=found)

    workspace = workspace_at(copied)
    workspace.verifier = Colours()
    run = workspace.at("rlsd-s0", 1, recompute=True)
    run.make(RewardsStage)
    return workspace.at("rlsd-s0", 1)


class Slow(NamedTuple):
    """Sums over the tokens of all rollouts."""

    information: float
    reducible: float
    deviation: float
    gradient: float
    shifts: tuple[float, float, float]


def slowly(run: StageRun, naive_distributions: Naive) -> Slow:
    """Each rollout by itself, one forward pass a reference, token after token."""
    pool = run.workspace.pool
    student, teacher = (pool.get(run.read("policy", k)) for k in (1, 0))
    problems = run.workspace.problems(run.read("problems"))
    rollouts = run.read("rollouts").table(Rollout).to_pylist()
    answers = run.read("rewards").table(Reward)["extracted"].to_pylist()
    owners = [problems[row["problem_id"]] for row in rollouts]
    golds = list({owner.problem_id: owner.answer for owner in owners}.items())
    sums, shifts = [0.0] * 4, [0.0] * 3
    for place, (row, owner) in enumerate(zip(rollouts, owners, strict=True)):
        ids = row["completion_ids"]

        def scored(
            policy: Policy, text: str, owner: Problem = owner, ids: Sequence[int] = ids
        ) -> Tensor:
            prompt = policy.encode(text, owner.images, None)
            return naive_distributions(policy, prompt, ids)[: len(ids)].double()

        group = Counter(
            answer
            for other, answer in zip(rollouts, answers, strict=True)
            if other["problem_id"] == row["problem_id"] and answer is not None
        )
        with torch.no_grad():
            plain = scored(student, owner.question)
            told = {
                answer: scored(teacher, f"{owner.question} reference: {answer}")
                for answer in group or [owner.answer]
            }
            start = [name for name, _ in golds].index(owner.problem_id)
            around = [golds[(start + k) % len(golds)][1] for k in range(len(golds))]
            wrong = next((a for a in around if a != owner.answer), owner.answer)
            right, corrupted = (
                scored(teacher, f"{owner.question} reference: {a}") for a in (owner.answer, wrong)
            )
            none = scored(teacher, owner.question)
        counts = {answer: group[answer] or 1 for answer in told}
        own, total = answers[place], sum(counts.values())
        parts = [total * value for value in under(counts, told, plain, ids)]
        others = {a: n - (a == own) for a, n in counts.items()}
        for left_out, times in others.items():
            less = {a: n - (a == left_out) for a, n in counts.items()}
            if times and total > 1:
                share = (total - 1) * times / sum(others.values())
                without = under(less, told, plain, ids)
                parts = [whole - share * part for whole, part in zip(parts, without, strict=True)]
        if total == 1:
            parts = under(counts, told, plain, ids)
        sums = [all_ + part for all_, part in zip(sums, parts, strict=True)]
        for t in range(len(ids)):
            for leg, (x, y) in enumerate([(right, none), (right, corrupted), (corrupted, none)]):
                shifts[leg] += (x[t].exp() - y[t].exp()).abs().sum().item() / 2
    return Slow(*sums, shifts=tuple(shifts))  # type: ignore[arg-type]


def under(
    belief: dict[str, int], told: dict[str, Tensor], plain: Tensor, ids: Sequence[int]
) -> list[float]:
    """Information, reducible, deviation and gradient of one rollout under one prior."""
    sums = [0.0] * 4
    odds = {answer: float(count) for answer, count in belief.items()}
    for t, token in enumerate(ids):
        weight = {answer: value / sum(odds.values()) for answer, value in odds.items()}
        mixture = sum((weight[a] * told[a][t].exp() for a in told), torch.tensor(0.0))
        own = plain[t].exp()
        sums[1] += kl(mixture, own)
        for a, w in weight.items():
            shown = told[a][t].exp()
            sums[0] += w * kl(shown, mixture) if w else 0.0
            sums[2] += w * (mixture - shown).square().sum().item()
            sums[3] += w * (own - shown).square().sum().item()
        odds = {a: value * told[a][t, token].exp().item() for a, value in odds.items()}
    return sums


def kl(first: Tensor, second: Tensor) -> float:
    kept = first > 0
    return (first[kept] * (first[kept].log() - second[kept].log())).sum().item()


def test_everything_is_what_the_theorem_says(place: StageRun, naive_distributions: Naive) -> None:
    found = place.make(InformationGapStage).record(InformationGap)
    slow = slowly(place, naive_distributions)
    rollouts = place.read("rollouts").table(Rollout).to_pylist()
    tokens = sum(len(row["completion_ids"]) for row in rollouts)
    assert slow.information > 0
    expected = {
        "information_per_token": slow.information / tokens,
        "information_per_response": slow.information / len(rollouts),
        "reducible_per_token": slow.reducible / tokens,
        "irreducible_share": slow.information / (slow.information + slow.reducible),
        "deviation_ratio": slow.deviation / slow.gradient,
        "shift_total": slow.shifts[0] / tokens,
        "shift_content": slow.shifts[1] / tokens,
        "shift_presence": slow.shifts[2] / tokens,
        "content_share": slow.shifts[1] / (slow.shifts[1] + slow.shifts[2]),
    }
    for name, value in expected.items():
        interval = getattr(found, name)
        assert interval.value == pytest.approx(value, rel=2e-3, abs=1e-7), name
        assert interval.low <= interval.high
        assert interval.low >= 0


def test_numbers_lie_where_they_can(place: StageRun) -> None:
    found = place.make(InformationGapStage).record(InformationGap)
    rewards = place.read("rewards").table(Reward).to_pylist()
    answers: dict[str, set[str]] = {}
    for row in rewards:
        answers.setdefault(row["problem_id"], set())
        if row["extracted"] is not None:
            answers[row["problem_id"]].add(row["extracted"])
    references = [max(1, len(names)) for names in answers.values()]
    assert max(references) > 1
    assert found.references_per_problem == sum(references) / len(references)
    assert (found.rollouts, found.problems) == (16, 4)
    assert (found.policy, found.teacher) == tuple(place.read("policy", k).digest for k in (1, 0))
    assert 0 < found.information_per_token.value < math.log(max(references))
    for share in (found.irreducible_share, found.deviation_ratio, found.content_share):
        assert 0 < share.value < 1
    assert found.shift_total.value <= found.shift_content.value + found.shift_presence.value <= 2
    # The whole vocabulary, less the four tokens that stand for images.
    policy = place.workspace.pool.get(place.read("policy"))
    assert found.support_size == len(policy.tokenizer) - len(policy.suppressed_token_ids)


def says(text: str) -> Callable[..., list[str]]:
    """The teacher's prompt, whatever it is to be shown."""

    def teacher_texts(_: object, __: object, rollouts: Sequence[JudgedRollout]) -> list[str]:
        return [text.format(question=judged.problem.question) for judged in rollouts]

    return teacher_texts


def test_a_teacher_that_never_reads_the_reference_learns_nothing_from_it(
    place: StageRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(information_probe, "teacher_texts", says("{question} reference: hidden"))
    found = place.make(InformationGapStage).record(InformationGap)
    assert found.information_per_token.value == pytest.approx(0, abs=1e-12)
    assert found.deviation_ratio.value == pytest.approx(0, abs=1e-12)
    assert found.irreducible_share.value == pytest.approx(0, abs=1e-12)
    assert (found.shift_content.value, found.content_share.value) == (0, 0)
    # That there is one moves it all the same.
    assert found.shift_total.value == found.shift_presence.value > 0
    assert found.reducible_per_token.value > 0


def test_a_teacher_that_nothing_moves_can_be_measured(
    place: StageRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(information_probe, "teacher_texts", says("{question}"))
    found = place.make(InformationGapStage).record(InformationGap)
    assert found.information_per_token.value == pytest.approx(0, abs=1e-12)
    assert found.shift_total.value == 0
    assert found.content_share is None


def test_references_are_the_answers_of_the_group_in_their_proportions() -> None:
    groups = Groups(["a", "b", "a", "a", "b", "c"])
    found = _references(groups, ["x", None, "y", "x", None, "z"])
    # Nobody answered b, so its own answer stands alone, under no name.
    assert found == [{"x": 2, "y": 1}, {"": 1}, {"z": 1}]
    assert [_nth(found[0], place) for place in range(4)] == ["x", "y", "y", "y"]
    assert _nth(found[1], 0) == ""


def test_another_problems_answer_is_another_answer() -> None:
    # a: b has yes as well, so c's no; c: d's yes; d: around the end, a and b have yes too.
    assert _others(Groups("aabcd"), ["y", "y", "n", "y"]) == ["n", "n", "n", "y", "n"]
    assert _others(Groups("ab"), ["y", "y"]) == [None, None]


def test_the_second_time_no_model_is_asked_for(
    place: StageRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = place.make(InformationGapStage)
    monkeypatch.setattr(PolicyPool, "get", lambda *_: pytest.fail("a model was asked for"))
    again = place.make(InformationGapStage)
    assert again.cache_hit
    assert again.digest == first.digest


def test_an_arm_without_a_teacher_has_the_one_it_is_declared_with(
    copied: Path, workspace_at: Open
) -> None:
    found = workspace_at(copied).at("grpo-s0", 1).make(InformationGapStage).record(InformationGap)
    base = workspace_at(copied).at("grpo-s0", 0).read("policy")
    assert found.teacher == base.digest != found.policy


def test_rollouts_of_another_policy_are_refused(copied: Path, workspace_at: Open) -> None:
    workspace = workspace_at(copied)
    run = workspace.at("rlsd-s0", 1)
    workspace.store.set_ref(run.reference("policy"), run.read("policy", 2))
    with pytest.raises(AlignmentError, match="sampled by policy"):
        run.make(InformationGapStage)


def test_answers_to_other_rollouts_are_refused(copied: Path, workspace_at: Open) -> None:
    run: Any = workspace_at(copied).at("rlsd-s0", 0, draw=1)
    run.make(RolloutsStage)
    with pytest.raises(AlignmentError, match="materialize rewards again"):
        run.make(InformationGapStage)
