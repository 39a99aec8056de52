"""Rollouts token by token: their text, their numbers, and where they speak of a reference."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.diagnostics.leakage.mentions import find_mentions
from rlsd_pipeline.report.collected.tokens import GROUPS, _chosen, _leaks, _texts, rollout_views
from rlsd_pipeline.stages.workspace import Workspace
from schemas import ComparedCredit, Problem, Reward, Rollout, TokenLogprobs


def rows(workspace: Workspace, stage: str, record: type[Any]) -> dict[str, dict[str, Any]]:
    table = workspace.at("rlsd-s0", 0).read(stage).table(record).to_pylist()
    return {row["rollout_id"]: row for row in table}


def test_a_view_is_what_the_tables_say(workspace: Workspace) -> None:
    run = workspace.at("rlsd-s0", 0)
    sampled, judged = rows(workspace, "rollouts", Rollout), rows(workspace, "rewards", Reward)
    scored = rows(workspace, "logprobs", TokenLogprobs)
    credit: dict[str, dict[str, list[float]]] = {}
    for row in run.read("weighting_comparison").table(ComparedCredit).to_pylist():
        credit.setdefault(row["rollout_id"], {})[row["method"]] = row["credit"]
    problems = workspace.problems(run.read("problems"))
    views = rollout_views(run)
    assert views
    for view in views:
        rollout, reward = sampled[view.rollout_id], judged[view.rollout_id]
        problem: Problem = problems[rollout["problem_id"]]
        assert (view.question, view.gold_answer) == (problem.question, problem.answer)
        assert (view.verdict, view.reward) == (reward["verdict"], reward["reward"])
        assert view.advantage == reward["advantage"] != 0
        assert len(view.tokens) == len(rollout["completion_ids"])
        assert {name: list(values) for name, values in view.credit.items()} == (
            credit[view.rollout_id]
        )
        for who in ("student", "teacher"):
            known = scored[view.rollout_id][f"{who}_logprobs"]
            assert list(getattr(view, f"{who}_logprobs")) == known
        assert len(view.images) == len(problem.images) == 1
        assert view.images[0].data.startswith(b"\x89PNG")
        assert view.source == "rlsd-s0, iteration 0"


def test_nothing_is_shown_of_what_was_not_compared(workspace: Workspace) -> None:
    assert rollout_views(workspace.at("rlsd-s0", 1)) == ()


def judged(*advantages: float) -> list[dict[str, Any]]:
    """Groups of three."""
    return [
        {"problem_id": f"p{place // 3}", "advantage": advantage}
        for place, advantage in enumerate(advantages)
    ]


def test_one_of_each_sign_from_the_first_groups_that_have_both() -> None:
    table = judged(0, 0, 0, -0.5, 1, -0.5, 0, 0, 0, 0.7, 0, -0.7)
    assert list(_chosen(table)) == [4, 3, 9, 11]
    assert list(_chosen(judged(0, 0, 0))) == []
    assert len(list(_chosen(judged(*[1, -1, 0] * 40)))) == 2 * GROUPS


def test_token_texts_join_to_the_completion() -> None:
    completion = "<think>is it röt?</think>"
    # The umlaut takes two tokens: the first holds no whole character.
    ends = [1, 7, 9, 12, 13, 13, 14, 16, 25, 25]
    texts = _texts(completion, ends, "stop")
    assert texts == ["<", "think>", "is", " it", " ", "", "r", "öt", "?</think>", "<end>"]
    assert "".join(texts[:-1]) == completion
    assert _texts("", [0], "stop") == ["<end>"]


@given(st.text(max_size=30), st.data())
def test_token_texts_join_wherever_tokens_end(completion: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(completion)), max_size=8))
    ends = [*sorted(cuts), len(completion)]
    texts = _texts(completion, ends, "length")
    assert len(texts) == len(ends)
    assert "".join(texts) == completion


def test_a_response_that_was_cut_off_has_no_end(workspace: Workspace) -> None:
    """Its last token may hold a part of a character."""
    sampled = rows(workspace, "rollouts", Rollout).values()
    cut = [row for row in sampled if row["finish_reason"] == "length"]
    assert cut
    for row in cut:
        assert "<end>" not in _texts(row["completion"], row["token_ends"], "length")


def test_a_leak_covers_the_tokens_of_the_mention() -> None:
    completion = "so the reference says red."
    # `so`, ` the ref`, `erence`, ` says`, ` red.`: the mention takes the middle three.
    assert [m.text for m in find_mentions(completion)] == ["the reference says"]
    assert list(_leaks(completion, [2, 10, 16, 21, 26])) == [(1, 4)]
    # With the end token, and with a token that holds no whole character before and after.
    assert list(_leaks(completion, [2, 2, 10, 16, 21, 21, 26, 26])) == [(2, 5)]
    assert list(_leaks(completion, [26, 26])) == [(0, 1)]
    assert list(_leaks("so it is red.", [2, 13])) == []


def test_every_mention_is_a_leak() -> None:
    completion = "the reference says red. hm. the provided solution says no."
    words = [place for place, letter in enumerate(completion) if letter == " "]
    ends = [*words, len(completion)]
    # Words 0 to 2; then the fifth word is `the`, and `provided solution` follows it.
    assert list(_leaks(completion, ends)) == [(0, 3), (6, 8)]


@given(st.sets(st.integers(1, 35), max_size=12))
def test_a_leak_covers_the_mention_and_nothing_beyond_its_tokens(cuts: set[int]) -> None:
    completion = "hm, as the reference says it is red."
    (mention,) = find_mentions(completion)
    ends = [*sorted(cuts), len(completion)]
    ((first, last),) = _leaks(completion, ends)
    starts = [0, *ends[:-1]]
    assert starts[first] <= mention.start < ends[first]
    assert starts[last - 1] < mention.end <= ends[last - 1]
