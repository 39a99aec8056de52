"""The table of methods from scores written by hand: seeds, warm starts, and what is left out."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from rlsd_pipeline.artifacts import ArtifactRequest, ArtifactStore, ArtifactWriter
from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.errors import ArtifactError
from rlsd_pipeline.report.collected.curves import accuracy_chart, mention_chart
from rlsd_pipeline.stages.evaluation.pilots import read_pilots
from rlsd_pipeline.stages.evaluation.policy_evaluation import evaluations, read_scores
from rlsd_pipeline.stages.evaluation.result_table import ResultsStage
from rlsd_pipeline.stages.evaluation.results import read_results
from rlsd_pipeline.stages.evaluation.undecided import undecided_notes
from rlsd_pipeline.stages.workspace import Workspace
from schemas import (
    BenchmarkScore,
    BreakdownScore,
    ItemVerdict,
    MethodResult,
    QuestionScore,
    Results,
)

DECLARED = {
    "model": {"type": "tiny_qwen3_vl", "warm_starts": 2},
    "arms": [
        {"weighting": {"type": "grpo"}, "seeds": [0, 1, 2, 3]},
        {"weighting": {"type": "rlsd"}, "seeds": [0, 1, 2, 3]},
        {"name": "strong", "weighting": {"type": "rlsd", "mix": 1.0}, "seeds": [0]},
    ],
    "iterations": 4,
    "evaluation": {
        "benchmarks": [
            {"type": "heldout", "name": "sampled", "temperature": 1.0},
            {"type": "heldout", "name": "greedy"},
        ]
    },
}
BASES = {0: "base of even seeds", 1: "base of odd seeds"}
LEAK = "the reference says so"

Score = Callable[..., None]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    experiment = ExperimentConfig.model_validate(DECLARED)
    return Workspace("small", experiment, ArtifactStore(tmp_path / "store"))


@pytest.fixture
def score(workspace: Workspace) -> Score:
    """Lets an arm's policy have answered each question so; `r` is right, `w` wrong, `m` leaks.

    `c` is a response that was cut off and `x` one that the verifier failed on.
    """
    verdicts = {
        **{"r": "correct", "w": "incorrect", "m": "incorrect"},
        **{"c": "truncated", "x": "verifier_error"},
    }

    def score(
        arm: str,
        updates: int,
        answers: str,
        policy: str = "",
        step: float | None = None,
        benchmark: str = "sampled",
    ) -> None:
        run = workspace.at(arm, updates)
        known = [answer for answer in answers if answer != "x"]
        share = sum(answer == "r" for answer in known) / len(known)
        around = {"score": share, "interval_low": share, "interval_high": share}
        label = {} if step is None else {"step:compare": _label(step)}
        record = BenchmarkScore.model_validate(
            {
                **BenchmarkScore.example,
                **{"policy": policy or f"{arm} {updates}", "updates": updates, **around},
                **{"truncated": answers.count("c"), "unparsed": 1, "breakdown": label},
                **{"mentioning": None},
            }
        )

        def write(out: ArtifactWriter) -> None:
            out.record(record)
            out.table(ItemVerdict, to_table(ItemVerdict, columns(answers, verdicts)))
            out.table(QuestionScore, to_table(QuestionScore, units(answers)))

        stage = f"benchmark_scores.{benchmark}"
        request = ArtifactRequest(stage, "1", {}, {"policy": record.policy})
        artifact = workspace.store.produce(request, write)
        workspace.store.set_ref(run.reference(stage), artifact)

    return score


def _label(share: float) -> BreakdownScore:
    return BreakdownScore(n=4, score=share, interval_low=0, interval_high=1)


def units(answers: str) -> dict[str, list]:
    """One question an answer, as in `columns`; what the verifier failed on counts nothing."""
    known = [(f"q{i}", float(answer == "r")) for i, answer in enumerate(answers) if answer != "x"]
    names = [name for name, _ in known]
    return {"unit_id": names, "score": [score for _, score in known], "cluster": names}


def columns(answers: str, verdicts: dict[str, str]) -> dict[str, Sequence[object]]:
    return {
        "problem_id": [f"q{place}" for place in range(len(answers))],
        "sample_index": [0] * len(answers),
        "completion": [LEAK if answer == "m" else "seen red" for answer in answers],
        "extracted": [None] * len(answers),
        "verdict": [verdicts[answer] for answer in answers],
        "guessed": [False] * len(answers),
        "judged": [None] * len(answers),
        "attributes": [{}] * len(answers),
    }


def start(score: Score, *arms: str) -> None:
    """Base scores 1/4 and 2/4 of the two warm starts; seeds of one share a policy."""
    for arm in arms:
        odd = int(arm[-1]) % 2
        score(arm, 0, ("rwww", "rrww")[odd], BASES[odd])


def lines(workspace: Workspace) -> dict[str, MethodResult]:
    results = read_results(workspace)
    assert len({result.method for result in results}) == len(results)
    return {result.method: result for result in results}


def line(workspace: Workspace, method: str) -> MethodResult:
    return lines(workspace)[method]


@pytest.fixture
def finished(workspace: Workspace, score: Score) -> Workspace:
    """Four seeds of GRPO and of RLSD after four updates."""
    start(score, *(f"{method}-s{seed}" for method in ("grpo", "rlsd") for seed in range(4)))
    for seed, answers in enumerate(("rrww", "rrrw", "rwww", "rrww")):
        score(f"grpo-s{seed}", 4, answers)
    for seed, answers in enumerate(("rrrw", "rrrr", "rrww", "rrww")):
        score(f"rlsd-s{seed}", 4, answers)
    return workspace


def test_the_base_is_every_warm_start_once(finished: Workspace) -> None:
    base = read_results(finished)[0]
    assert base.method == "base"
    assert (base.seeds, base.updates, base.weighting) == ([0, 1], 0, "base")
    # Eight arms, two policies: (1/4 + 2/4) / 2, and not a mean over eight.
    assert base.score.value == pytest.approx(0.375)
    # s = .176777, half t(.975, 1) s / sqrt 2 = 12.7062 / 8, and no accuracy lies outside [0, 1].
    assert 0.375 - 12.7062 / 8 < 0 < 1 < 0.375 + 12.7062 / 8
    assert (base.score.low, base.score.high) == (0.0, 1.0)
    assert (base.gain, base.difference) == (None, None)


def test_a_methods_score_is_over_its_seeds(finished: Workspace) -> None:
    found = line(finished, "rlsd")
    assert (found.seeds, found.updates, found.weighting) == ([0, 1, 2, 3], 4, "rlsd")
    # 3/4, 1, 1/2, 1/2: mean .6875, s = .239357, half 3.182446 s / 2.
    half = 3.182446 * 0.239357 / 2
    assert 0.6875 + half > 1
    score = (found.score.value, found.score.low, found.score.high)
    assert score == pytest.approx((0.6875, 0.6875 - half, 1.0), abs=1e-5)


def test_seeds_are_paired_with_their_own_base_and_with_grpos(finished: Workspace) -> None:
    results = lines(finished)
    found = results["rlsd"]
    base = [1 / 4, 2 / 4, 1 / 4, 2 / 4]
    grpo, rlsd = [2 / 4, 3 / 4, 1 / 4, 2 / 4], [3 / 4, 1, 2 / 4, 2 / 4]
    gained = stats.ttest_rel(rlsd, base)
    assert found.gain is not None
    # .5, .5, .25, 0.
    assert found.gain.value == pytest.approx(0.3125)
    assert found.gain.p_value == pytest.approx(gained.pvalue)
    against = stats.ttest_rel(rlsd, grpo)
    assert found.difference is not None
    # .25, .25, .25, 0.
    assert found.difference.value == pytest.approx(0.1875)
    assert found.difference.p_value == pytest.approx(against.pvalue)
    # The only method beside GRPO that has a score.
    assert found.difference.p_corrected == pytest.approx(against.pvalue)
    assert results["grpo"].difference is None


def test_what_is_not_decided_comes_with_the_seeds_that_would(finished: Workspace) -> None:
    (note,) = undecided_notes(read_results(finished), "grpo", 0.95)
    # .1875 with a standard error of .0625: t = 3, p = .058; 1.5 deviations take 6 pairs
    # (statsmodels: 5.69).
    assert note.startswith("sampled: not decided against grpo.")
    assert "probability 0.8 at level 0.05: rlsd 6. Few seeds" in note
    assert undecided_notes(read_results(finished), "grpo", 0.9) == []


def test_open_differences_are_tested_at_the_level_that_holms_correction_has_left(
    finished: Workspace,
) -> None:
    base, grpo, rlsd = read_results(finished)
    assert rlsd.difference is not None

    def as_if(method: str, p_value: float, corrected: float) -> MethodResult:
        test = {"p_value": p_value, "p_corrected": corrected}
        return rlsd.model_copy(
            update={"method": method, "difference": rlsd.difference.model_copy(update=test)}
        )

    near = as_if("near", rlsd.difference.p_value, 2 * rlsd.difference.p_value)
    found = [base, grpo, as_if("decided", 0.01, 0.03), near, as_if("far", 0.5, 0.5)]
    (note,) = undecided_notes(found, "grpo", 0.95)
    # One of three is decided, so the next is tested at .05 / 2: 1.5 deviations take 7 pairs
    # (statsmodels: 6.94), t = .764892 of p = .5 over the root of 4 takes 68 (67.52).
    assert "probability 0.8 at level 0.025: near 7, far 68." in note
    assert "0.05 / 2: with 1 decided, Holm's correction asks it of the smallest p of the 2" in note


def test_a_pilot_is_the_paired_seeds_on_their_common_questions(finished: Workspace) -> None:
    pilots = {pilot.quantity: pilot.methods for pilot in read_pilots(finished)}
    assert list(pilots) == ["accuracy: sampled", "accuracy: sampled, area"]
    found = pilots["accuracy: sampled"]["rlsd"]
    # .25, .25, .25, 0, of four questions each.
    assert (found.seeds, found.questions, found.value, found.sd) == (4, 4, 0.1875, 0.125)
    # Squares: 2.4375 in all, .1875 of seeds, .1875 of questions; (2.0625 / 9) / 4 is more than
    # .125^2, so that seeds need not differ at all.
    assert found.of_questions is not None
    assert found.of_questions.value == 1.0
    # Halves of the differences at the end, since all seeds begin with the same scores.
    assert pilots["accuracy: sampled, area"]["rlsd"].sd == pytest.approx(0.0625)
    assert [pilot.quantity for pilot in read_pilots(finished, "sampled")] == list(pilots)
    with pytest.raises(ArtifactError, match="no seed of small has been evaluated with both grpo"):
        read_pilots(finished, "greedy")


def test_a_seed_that_is_behind_is_left_out_and_not_counted(
    workspace: Workspace, score: Score
) -> None:
    start(score, *(f"{method}-s{seed}" for method in ("grpo", "rlsd") for seed in range(3)))
    for seed, answers in enumerate(("rrww", "rrrw")):
        score(f"grpo-s{seed}", 4, answers)
    score("grpo-s2", 2, "rrrr")
    for seed, answers in enumerate(("rrrr", "rrrw", "rrww")):
        score(f"rlsd-s{seed}", 4, answers)
    results = lines(workspace)
    found = results["grpo"]
    assert (found.seeds, found.updates) == ([0, 1], 4)
    # 2/4 and 3/4; the 4/4 after two updates is another question.
    assert found.score.value == pytest.approx(0.625)
    difference = results["rlsd"].difference
    assert results["rlsd"].seeds == [0, 1, 2]
    assert difference is not None
    # Over the two shared seeds: 2/4 and 0.
    assert difference.value == pytest.approx(0.25)
    assert difference.p_value == pytest.approx(stats.ttest_rel([1, 0.75], [0.5, 0.75]).pvalue)


def test_methods_that_are_not_as_far_are_not_compared(workspace: Workspace, score: Score) -> None:
    start(score, "grpo-s0", "rlsd-s0", "strong-s0")
    score("grpo-s0", 4, "rrww")
    score("rlsd-s0", 2, "rrrr")
    found = read_results(workspace)
    assert [(r.method, r.updates) for r in found] == [("base", 0), ("grpo", 4), ("rlsd", 2)]
    assert all(result.difference is None for result in found)
    # A single seed is compared with its base over the questions: 0, 1, 1, 1.
    assert found[2].gain is not None
    assert found[2].gain.value == pytest.approx(0.75)


def test_several_comparisons_are_corrected_together(workspace: Workspace, score: Score) -> None:
    start(score, "grpo-s0", "rlsd-s0", "strong-s0")
    for arm, answers in (("grpo", "rwwwwwww"), ("rlsd", "rrrrrrwr"), ("strong", "wrwwwwww")):
        score(f"{arm}-s0", 4, answers)
    # McNemar on six gained and none lost, 2 / 2**6, and on one each: the smaller one is doubled.
    plain = [0.03125, 1.0]
    results = lines(workspace)
    found = [results[name].difference for name in ("rlsd", "strong")]
    assert [d.p_value for d in found if d] == pytest.approx(plain)
    assert [d.p_corrected for d in found if d] == pytest.approx([2 * plain[0], 1.0])


def test_gains_are_corrected_for_the_number_of_benchmarks(
    workspace: Workspace, score: Score
) -> None:
    for name, after in (("sampled", "rrrrrrww"), ("greedy", "rrrrrrrr")):
        score("grpo-s0", 0, "wwwwwwww", BASES[0], benchmark=name)
        score("grpo-s0", 4, after, benchmark=name)
    gains = [line for line in read_results(workspace) if line.gain is not None]
    # McNemar: 2 / 2**6 and 2 / 2**8; Holm doubles the smaller.
    assert [line.gain.p_value for line in gains if line.gain] == pytest.approx([0.03125, 0.0078125])
    corrected = [line.gain.p_corrected for line in gains if line.gain]
    assert corrected == pytest.approx([0.03125, 0.015625])


def test_mentions_of_a_reference_are_counted(workspace: Workspace, score: Score) -> None:
    start(score, "grpo-s0", "rlsd-s0", "rlsd-s1")
    score("grpo-s0", 4, "mmrw")
    score("rlsd-s0", 4, "mrrr")
    score("rlsd-s1", 4, "mmmr")
    results = lines(workspace)
    assert results["base"].mentions.value == 0
    alone = results["grpo"].mentions
    # Of 4 responses, 2 or more mention it with a probability of .05 at a share of .09761.
    found = (alone.value, alone.low, alone.high)
    assert found == pytest.approx((0.5, 0.09761, 0.90239), abs=5e-5)
    # 1/4 and 3/4 over two seeds: .5 ± t(.975, 1) / 4.
    several = results["rlsd"].mentions
    assert several.value == pytest.approx(0.5)
    assert (several.low, several.high) == (0.0, 1.0)


def test_failures_are_no_wrong_answers_and_cut_ones_are_counted(
    workspace: Workspace, score: Score
) -> None:
    start(score, "grpo-s0")
    score("grpo-s0", 4, "rxcc", step=0.5)
    found = line(workspace, "grpo")
    # One of three; the verifier failed on the second. Two were cut, and one had no answer.
    assert found.score.value == pytest.approx(1 / 3)
    assert (found.unparsed, found.truncated) == (1, 2)
    assert dict(found.steps) == {"compare": 0.5}


def test_a_step_that_some_seed_never_reached_is_left_out(
    workspace: Workspace, score: Score
) -> None:
    start(score, "grpo-s0", "grpo-s1", "rlsd-s0", "rlsd-s1")
    for seed, share in enumerate((0.25, 0.75)):
        score(f"grpo-s{seed}", 4, "rrrr", step=share)
    score("rlsd-s0", 4, "rrrr", step=1.0)
    score("rlsd-s1", 4, "rrrr")
    results = lines(workspace)
    assert dict(results["grpo"].steps) == {"compare": 0.5}
    assert dict(results["rlsd"].steps) == {}


def test_nothing_is_shown_before_anything_was_evaluated(workspace: Workspace) -> None:
    assert read_results(workspace) == []
    assert workspace.whole().make(ResultsStage).record(Results).lines == []
    assert list(workspace.experiment.methods()) == ["grpo", "rlsd", "strong"]


def test_evaluations_of_an_arm_are_in_order(finished: Workspace, score: Score) -> None:
    score("rlsd-s0", 2, "rwww")
    assert [k for k, _ in evaluations(finished, "rlsd-s0", "sampled")] == [0, 2, 4]
    curve = [(k, one.score) for k, one in evaluations(finished, "rlsd-s0", "sampled")]
    assert [record.score for _, record in curve] == [0.25, 0.25, 0.75]


def test_a_curve_begins_with_each_warm_start_once(finished: Workspace, score: Score) -> None:
    chart = accuracy_chart(finished, "sampled", read_scores(finished))
    assert [(curve.method, curve.n_seeds) for curve in chart.curves] == [("grpo", 4), ("rlsd", 4)]
    rlsd = chart.curves[1]
    # Four seeds, two policies before the first update.
    assert [mean.value for mean in rlsd.band.values()] == [pytest.approx(0.375), 0.6875]
    assert (rlsd.band[0].low, rlsd.band[0].high) == (0.0, 1.0)
    assert rlsd.seeds["rlsd-s1"] == {0: 0.5, 4: 1.0}
    # What one seed alone was asked about is on its own line, and in no band.
    score("rlsd-s0", 2, "rwww")
    rlsd = accuracy_chart(finished, "sampled", read_scores(finished)).curves[1]
    assert list(rlsd.band) == [0, 4]
    assert list(rlsd.seeds["rlsd-s0"]) == [0, 2, 4]
    assert mention_chart(finished, "sampled", read_scores(finished)).curves[0].band[4].value == 0


def test_an_arm_that_began_before_the_model_was_changed_is_no_crash(
    workspace: Workspace, score: Score
) -> None:
    """GRPO was trained from a warm start that is no longer declared."""
    score("grpo-s0", 0, "rwww", "former base")
    score("rlsd-s0", 0, "rrww", "base")
    assert line(workspace, "base").score.value == pytest.approx(0.375)


def test_one_question_proves_nothing(workspace: Workspace, score: Score) -> None:
    score("grpo-s0", 0, "w", "base")
    score("grpo-s0", 4, "r")
    gain = line(workspace, "grpo").gain
    assert gain is not None
    assert gain.p_value > 0.05


def test_the_table_is_an_artifact_of_the_scores_that_it_compares(
    finished: Workspace, score: Score
) -> None:
    artifact = finished.whole().make(ResultsStage)
    record = artifact.record(Results)
    assert (record.compared_with, record.confidence) == ("grpo", 0.95)
    found = {line.method: line for line in record.lines}
    expected = lines(finished)["rlsd"]
    assert list(found) == ["base", "grpo", "rlsd"]
    assert found["rlsd"].score.value == 0.6875
    assert found["rlsd"].gain is not None
    assert expected.gain is not None
    assert found["rlsd"].gain.p_value == expected.gain.p_value
    assert found["rlsd"].gain.p_corrected == expected.gain.p_corrected
    assert found["base"].difference is None
    # Of every arm its base and its newest score.
    assert len(artifact.manifest.inputs) == 2 * 8
    assert finished.store.ref("small/results") is not None

    assert finished.whole().make(ResultsStage).cache_hit
    # Compared are the newest alone.
    score("rlsd-s0", 2, "rwww")
    assert finished.whole().make(ResultsStage).cache_hit
    score("rlsd-s3", 4, "rrrr", "another policy")
    again = finished.whole().make(ResultsStage)
    assert not again.cache_hit
    assert {line.method: line for line in again.record(Results).lines}["rlsd"].score.value == 0.8125


def test_a_score_that_comes_while_the_table_is_made_is_in_it(
    finished: Workspace, score: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = ResultsStage.write

    def slow(self: ResultsStage, *where: Any) -> None:
        write(self, *where)
        score("rlsd-s3", 4, "rrrr", "another policy")

    monkeypatch.setattr(ResultsStage, "write", slow)
    record = finished.whole().make(ResultsStage).record(Results)
    assert {line.method: line for line in record.lines}["rlsd"].score.value == 0.8125
