"""Benchmark scores and the table of results."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.data.blind import blind_baseline
from rlsd_pipeline.diagnostics.leakage.mentions import count_mentioning
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.evaluation.policy_evaluation import evaluations
from rlsd_pipeline.stages.evaluation.results import read_results
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.paired import compare_policies
from schemas import BenchmarkScore, ItemVerdict

Open = Callable[..., Workspace]
Ran = tuple[Path, dict[tuple[str, int, str], Artifact]]


@pytest.fixture
def scored(copied: Path, workspace_at: Open) -> tuple[Workspace, dict[tuple[str, int], Artifact]]:
    workspace = workspace_at(copied)
    (benchmark,) = workspace.experiment.evaluation.benchmarks
    places = [("grpo-s0", 0), ("grpo-s0", 2), ("rlsd-s0", 0), ("rlsd-s0", 1), ("rlsd-s0", 2)]
    return workspace, {
        (arm, iteration): BenchmarkScoresStage(benchmark=benchmark).make(
            workspace.at(arm, iteration)
        )
        for arm, iteration in places
    }


def shares(artifact: Artifact) -> dict[str, float]:
    """Problem id -> share correct, by hand."""
    answers: dict[str, list[bool]] = {}
    for row in artifact.table(ItemVerdict).to_pylist():
        answers.setdefault(row["problem_id"], []).append(row["verdict"] == "correct")
    return {name: sum(values) / len(values) for name, values in answers.items()}


def test_score_is_about_the_held_out_problems(scored: tuple[Workspace, dict], ran: Ran) -> None:
    workspace, artifacts = scored
    artifact = artifacts["grpo-s0", 2]
    found = artifact.record(BenchmarkScore)
    items = artifact.table(ItemVerdict).to_pylist()
    known = workspace.problems(ran[1]["", 0, "problems"])
    asked = Counter(row["problem_id"] for row in items)
    assert asked == {name: 2 for name, p in known.items() if p.split == "test"}
    verdicts = Counter(row["verdict"] for row in items)
    assert (found.questions, found.samples, found.temperature) == (10, 2, 1.0)
    assert found.correct == verdicts["correct"]
    assert found.score == pytest.approx(found.correct / 20)
    assert found.policy == ran[1]["grpo-s0", 1, "policy_checkpoint"].digest
    assert found.updates == 2
    assert found.interval_low < found.score < found.interval_high
    assert found.mentioning == count_mentioning([row["completion"] for row in items])
    train, test = ([p for p in known.values() if p.split == s] for s in ("train", "test"))
    assert found.blind_baseline == blind_baseline(train, test)


def test_arms_of_one_base_share_its_score(scored: tuple[Workspace, dict]) -> None:
    _, artifacts = scored
    assert not artifacts["grpo-s0", 0].cache_hit
    assert artifacts["rlsd-s0", 0].cache_hit
    assert artifacts["rlsd-s0", 0].digest == artifacts["grpo-s0", 0].digest


def test_results_are_paired_with_the_base(scored: tuple[Workspace, dict]) -> None:
    workspace, artifacts = scored
    results = read_results(workspace)
    assert [(r.method, r.benchmark, r.updates, r.seeds) for r in results] == [
        ("base", "sampled", 0, [0]),
        ("grpo", "sampled", 2, [0]),
        ("rlsd", "sampled", 2, [0]),
    ]
    assert results[0].gain is None
    base = shares(artifacts["grpo-s0", 0])
    names = sorted(base)
    found = {}
    for result in results[1:]:
        found[result.method] = shares(artifacts[f"{result.method}-s0", 2])
        last = [found[result.method][n] for n in names]
        expected = compare_policies(base, found[result.method])
        assert result.gain is not None
        uncorrected = result.gain.model_copy(update={"p_corrected": None})
        assert uncorrected == expected
        # With one benchmark there is nothing to correct for.
        assert result.gain.p_corrected == pytest.approx(expected.p_value)
        assert result.score.value == pytest.approx(sum(last) / len(last))
        assert result.gain.value == pytest.approx(result.score.value - results[0].score.value)
    # The others are compared with GRPO; one comparison needs no correction.
    assert results[1].difference is None
    difference = results[2].difference
    assert difference is not None
    expected = compare_policies(found["grpo"], found["rlsd"])
    assert difference == expected.model_copy(update={"p_corrected": difference.p_corrected})
    assert difference.p_corrected == pytest.approx(difference.p_value)


def test_curve_has_what_was_evaluated(scored: tuple[Workspace, dict]) -> None:
    workspace, _ = scored
    curve = [(k, one.score) for k, one in evaluations(workspace, "rlsd-s0", "sampled")]
    assert [(iteration, score.updates) for iteration, score in curve] == [(0, 0), (1, 1), (2, 2)]
    assert [(k, one.score) for k, one in evaluations(workspace, "live-s0", "sampled")] == []
