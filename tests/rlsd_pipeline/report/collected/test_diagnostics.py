"""What the arms recorded, against the tables it was read from, and the small tables of it."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rlsd_pipeline.diagnostics.moments import Moments
from rlsd_pipeline.diagnostics.properties.recording import PropertyResult, SeedOutcome
from rlsd_pipeline.report.collected.diagnostics import (
    _change,
    _outcome,
    _over_seeds,
    _stall,
    read_diagnostics,
)
from rlsd_pipeline.report.collected.recordings import Moment, moments, recording
from rlsd_pipeline.report.data import Diagnostic
from rlsd_pipeline.stages.evaluation.policy_evaluation import read_scores
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.intervals import within
from rlsd_pipeline.tables.numbers import plain, with_ends
from schemas import BenchmarkScore, InformationGap, Interval, PolicyCheckpoint, TokenLogprobs

Open = Callable[[Path], Workspace]


def table(workspace: Workspace, title: str) -> Diagnostic:
    (found,) = (one for one in read_diagnostics(workspace) if one.title == title)
    return found


def moment(iteration: int, *, entropy: float = 1.0, k3: float | None = 0.5) -> Moment:
    return Moment(iteration, 1.0, Moments(entropy, 10.0, k3, k3, k3))


def test_moments_are_what_the_tables_say(workspace: Workspace) -> None:
    found = moments(workspace, "rlsd-s0")
    assert [one.iteration for one in found] == [0, 1]
    for one in found:
        run = workspace.at("rlsd-s0", one.iteration)
        rows = run.read("logprobs").table(TokenLogprobs).to_pylist()
        student = [value for row in rows for value in row["student_logprobs"]]
        gain = [
            t - s
            for row in rows
            for s, t in zip(row["student_logprobs"], row["teacher_logprobs"], strict=True)
        ]
        # One token at a time: -log π_S, log π_S - log π_T and e^Δ - 1 - Δ.
        assert one.of.entropy == pytest.approx(-sum(student) / len(student), rel=1e-5)
        assert one.of.length == len(student) / len(rows)
        assert one.of.k1 == pytest.approx(-sum(gain) / len(gain), abs=1e-7)
        assert one.of.k1_per_response == pytest.approx(-sum(gain) / len(rows), abs=1e-6)
        k3 = [math.exp(value) - 1 - value for value in gain]
        assert one.of.k3 == pytest.approx(sum(k3) / len(k3), rel=1e-4)
        metrics = run.read("policy_checkpoint").record(PolicyCheckpoint).metrics
        assert one.grad_norm == metrics["grad_norm"]


def test_without_a_teacher_there_is_no_distance_to_it(workspace: Workspace) -> None:
    found = moments(workspace, "grpo-s0")
    assert {(one.of.k1, one.of.k1_per_response, one.of.k3) for one in found} == {(None,) * 3}
    # Both arms sampled the same from the same base.
    assert found[0].of.entropy == moments(workspace, "rlsd-s0")[0].of.entropy


def test_a_recording_has_gradients_divergences_and_evaluations(workspace: Workspace) -> None:
    known = moments(workspace, "rlsd-s0")
    scores = read_scores(workspace)["sampled"]
    found = recording("rlsd-s0", scores["rlsd-s0"], known)
    assert found.objective == [one.grad_norm for one in known]
    assert found.divergence == [one.of.k3 for one in known]
    assert [one.updates for one in found.evaluations] == [0, 1, 2]
    run = workspace.at("rlsd-s0", 2)
    score = run.read("benchmark_scores.sampled").record(BenchmarkScore)
    last = found.evaluations[-1].score
    ends = (score.interval_low, score.interval_high)
    assert (last.value, last.low, last.high) == (score.score, *ends)
    # Five questions, two responses each; an untrained model mentions nothing.
    for leaks in (found.leak_start, found.leak_end):
        assert leaks is not None
        assert (leaks.leaked, leaks.responses) == (0, 10)
    plain = recording("grpo-s0", scores["grpo-s0"], moments(workspace, "grpo-s0"))
    assert plain.divergence == []


def test_the_change_is_between_the_first_and_the_last_tenth() -> None:
    # Twenty iterations: two at each end. Seed means 1.5 -> 19.5 and 2.5 -> 20.5; the last with
    # 12.706 times their standard deviation .7071 over the root of 2.
    seeds = [[moment(k, entropy=k + 1 + shift) for k in range(20)] for shift in (0, 1)]
    assert _change(seeds, lambda m: m.of.entropy) == "2.00 → 20.0 [13.6, 26.4]"
    assert _change([[moment(0, entropy=3.0)]], lambda m: m.of.entropy) == "3.00 → 3.00 [–]"
    assert _change([[moment(0, k3=None)]], lambda m: m.of.k3) is None


def test_a_stall_is_looked_for_where_there_is_enough_to_see_one() -> None:
    falling = [moment(k, k3=math.exp(-k / 30)) for k in range(60)]
    flat = [moment(k, k3=0.1 + math.exp(-k / 3)) for k in range(60)]
    assert _stall([falling]) == "none in 1 seed"
    found = _stall([falling, flat])
    assert found is not None
    assert found.startswith("1 of 2 seeds, at ")
    assert found.endswith(", 0.101 nats a token")
    assert _stall([flat[:19]]) is None
    assert _stall([[moment(k, k3=None) for k in range(60)]]) is None


def test_an_outcome_counts_its_seeds() -> None:
    says = [True, False, None, True, None, None]
    seeds = tuple(SeedOutcome(f"rlsd-s{k}", holds, "") for k, holds in enumerate(says))
    pooled = {"rise": within(0.0125, (-0.5, 0.75)), "decline": within(-0.25, (-1, 1))}
    result = PropertyResult("leakage-free training", None, "", seeds, pooled)
    told = "rise +0.013 [−0.500, +0.750]; decline −0.250 [–]"
    assert _outcome(result) == ("cannot tell", "2 / 1 / 3", told)


@pytest.mark.parametrize("holds", [True, False, None])
def test_one_seed_decides_nothing_about_its_method(holds: bool | None) -> None:
    """Neither a yes nor a no: another seed of the method may go another way."""
    seed = SeedOutcome("rlsd-s0", holds, "")
    said = _outcome(PropertyResult("sustained improvement", holds, "", (seed,), {}))
    assert said[0] == "one seed cannot tell"
    assert _outcome(PropertyResult("sustained improvement", True, "", (seed,) * 2, {}))[0] == "yes"


def test_seeds_have_an_interval_and_one_has_none() -> None:
    assert _over_seeds([0.25]) == "0.250 [–]"
    # Mean .5, s = .353553, half 12.7062 · .25: more than a share can be.
    assert _over_seeds([0.25, 0.75]) == "0.500 [0.000, 1.000]"
    # Mean .5, s = .0141421, half 12.7062 · .01.
    assert _over_seeds([0.49, 0.51]) == "0.500 [0.373, 0.627]"
    assert with_ends(Interval(value=0.12345, low=0.1, high=0.2)) == "0.123 [0.100, 0.200]"
    assert with_ends(Interval(value=0.12345, low=None, high=None)) == "0.123 [–]"


def test_properties_are_told_for_every_method(workspace: Workspace) -> None:
    for title in ("objective stability", "sustained improvement", "leakage-free training"):
        found = table(workspace, f"Property: {title}")
        assert [row[0] for row in found.rows] == ["grpo", "rlsd"]
        # Two updates and five questions tell nothing.
        assert {row[1] for row in found.rows} == {"one seed cannot tell"}
        assert {row[2] for row in found.rows} == {"0 / 0 / 1"}
        assert "Evaluated on sampled. One seed tells nothing" in found.explanation


def test_dynamics_and_early_answers_have_a_line_a_method(workspace: Workspace) -> None:
    dynamics = table(workspace, "Entropy, length and distance to the teacher")
    grpo, rlsd = dynamics.rows
    assert grpo[:2] == ("grpo", 1)
    assert grpo[4:] == (None, None)
    known = moments(workspace, "rlsd-s0")
    ends = [known[0].of.entropy, known[1].of.entropy]
    assert rlsd[2] == f"{plain(ends[0])} → {plain(ends[1])} [–]"
    assert rlsd[4] is not None
    early = table(workspace, "Early answers")
    assert [row[0] for row in early.rows] == ["grpo", "rlsd"]
    # Both began with one policy.
    assert early.rows[0][1] == early.rows[1][1]


def test_the_information_gap_is_shown_where_it_was_measured(workspace: Workspace) -> None:
    (row,) = table(workspace, "Effect of the reference on the teacher").rows
    gap = workspace.at("rlsd-s0", 0).read("information_gap").record(InformationGap)
    assert row[:2] == ("rlsd-s0", 0)
    assert row[2] == with_ends(gap.information_per_response)
    assert row[-1] == with_ends(gap.content_share)


def test_nothing_is_told_of_an_experiment_that_has_not_begun(
    tmp_path: Path, open_store: Open
) -> None:
    assert read_diagnostics(open_store(tmp_path / "store")) == ()


def test_an_arm_whose_base_was_never_evaluated_is_no_crash(
    finished: Path, open_store: Open, tmp_path: Path
) -> None:
    """The schedule evaluates the newest policies, and the first one only while it is that."""
    store = Path(shutil.copytree(finished, tmp_path / "store"))
    for arm in ("grpo-s0", "rlsd-s0"):
        (store / ".refs" / "small" / arm / "000" / "benchmark_scores.sampled.json").unlink()
    titles = [one.title for one in read_diagnostics(open_store(store))]
    assert "Property: sustained improvement" in titles
    assert np.isin("Early answers", titles, invert=True)
