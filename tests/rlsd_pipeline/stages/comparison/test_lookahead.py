"""One update by each method: the arm's own is the arm's real one, and nothing is done twice."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import schemas
from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.models.pool import PolicyPool
from rlsd_pipeline.stages.comparison import lookahead
from rlsd_pipeline.stages.comparison.lookahead import look_ahead, read_lookahead
from rlsd_pipeline.stages.comparison.lookahead_table import LookaheadStage
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.evaluation.results import read_results
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from rlsd_pipeline.statistics.paired import compare_policies
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.rlsd import RLSD
from rlsd_pipeline.weighting.sft import SFT
from schemas import ItemVerdict, MethodLookahead

Open = Callable[..., Workspace]
Ran = tuple[Path, dict[tuple[str, int, str], Artifact]]

METHODS = {
    "grpo": GRPO(),
    "rlsd": RLSD(decay=4).at_iteration(0),
    "sft": SFT(learns_from="sampled"),
}


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    """Three methods will do."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(lookahead, "compared_methods", lambda _: METHODS)
        yield


@pytest.fixture(scope="module")
def looked(
    ran: Ran, workspace_at: Open, few: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[StageRun, list[MethodLookahead]]:
    """From the base policy of RLSD, with nothing in the store but what both arms begin with."""
    store = Path(shutil.copytree(ran[0], tmp_path_factory.mktemp("looked") / "store"))
    for stage in ("logprobs", "token_weights", "policy_checkpoint"):
        shutil.rmtree(store / stage)
    run = workspace_at(store).at("rlsd-s0", 0)
    return run, look_ahead(run, run.experiment.evaluation.benchmarks[0])


def weights(artifact: Artifact | None) -> str:
    assert artifact is not None
    return artifact.manifest.files["model.safetensors"].sha256


def shares(run: StageRun, reference: str) -> dict[str, float]:
    """Problem id -> share correct, by hand."""
    artifact = run.workspace.store.ref(reference)
    assert artifact is not None
    answers: dict[str, list[bool]] = {}
    for row in artifact.table(ItemVerdict).to_pylist():
        answers.setdefault(row["problem_id"], []).append(row["verdict"] == "correct")
    return {name: sum(values) / len(values) for name, values in answers.items()}


def test_one_update_by_the_arms_own_method_is_the_arms_own(
    looked: tuple[StageRun, list[MethodLookahead]], ran: Ran
) -> None:
    run, _ = looked
    store = run.workspace.store
    for method in ("grpo", "rlsd"):
        # Both arms sampled the same from the same base, so both real checkpoints are known.
        real = ran[1][f"{method}-s0", 0, "policy_checkpoint"]
        made = store.ref(f"small/rlsd-s0/001/what_if/000/{method}/policy")
        assert weights(made) == weights(real)
        assert made is not None
        assert made.digest == real.digest
    learnt = {
        weights(store.ref(f"small/rlsd-s0/001/what_if/000/{name}/policy")) for name in METHODS
    }
    assert len(learnt) == 3


def test_scores_and_differences_are_over_the_same_questions(
    looked: tuple[StageRun, list[MethodLookahead]],
) -> None:
    run, lines = looked
    assert [line.method for line in lines] == ["grpo", "rlsd", "sft"]
    base = shares(run, "small/rlsd-s0/000/what_if/000/before/benchmark_scores.sampled")
    names = sorted(base)
    after = {
        line.method: shares(
            run, f"small/rlsd-s0/001/what_if/000/{line.method}/benchmark_scores.sampled"
        )
        for line in lines
    }
    for line in lines:
        values = [after[line.method][name] for name in names]
        assert line.score.value == pytest.approx(sum(values) / len(names))
        assert line.gain == compare_policies(base, after[line.method])
        if line.method != "grpo":
            assert line.difference is not None
            expected = compare_policies(after["grpo"], after[line.method])
            corrected = line.difference.p_corrected
            assert line.difference == expected.model_copy(update={"p_corrected": corrected})
            assert corrected is not None
            assert corrected >= expected.p_value
    assert lines[0].difference is None


def test_the_second_time_nothing_is_computed(
    looked: tuple[StageRun, list[MethodLookahead]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, lines = looked
    folder = Path(run.read("policy").location).parents[2]
    before = {path: path.read_bytes() for path in folder.rglob("manifest.json")}
    assert len(before) > 10

    def refuse(*_: object) -> None:
        raise AssertionError("a model was asked for")

    monkeypatch.setattr(PolicyPool, "get", refuse)
    monkeypatch.setattr(PolicyPool, "take", refuse)
    benchmark = run.experiment.evaluation.benchmarks[0]
    assert look_ahead(run, benchmark) == lines
    assert read_lookahead(run, benchmark) == lines
    assert {path: path.read_bytes() for path in folder.rglob("manifest.json")} == before


def test_it_is_an_artifact(looked: tuple[StageRun, list[MethodLookahead]]) -> None:
    run, lines = looked
    record = run.make(LookaheadStage).record(schemas.Lookahead)
    assert record.policy == run.read("policy").digest
    assert (record.benchmark, record.compared_with) == ("sampled", "grpo")
    assert [one.method for one in record.methods] == ["grpo", "rlsd", "sft"]
    assert [one.score.value for one in record.methods] == [line.score.value for line in lines]
    assert record.methods[0].difference is None
    assert record.methods[1].difference is not None
    assert lines[1].difference is not None
    assert record.methods[1].difference.p_corrected == lines[1].difference.p_corrected
    assert run.make(LookaheadStage).cache_hit


def test_there_is_nothing_to_read_before_it_has_run(copied: Path, workspace_at: Open) -> None:
    run = workspace_at(copied).at("rlsd-s0", 0)
    benchmark = run.experiment.evaluation.benchmarks[0]
    assert read_lookahead(run, benchmark) == []
    # The score before the update is not enough.
    BenchmarkScoresStage(benchmark=benchmark).make(run)
    assert read_lookahead(run, benchmark) == []


def test_looking_ahead_changes_no_result(copied: Path, workspace_at: Open) -> None:
    """A seed that is evaluated where the others are not would stand for the method alone."""
    workspace = workspace_at(copied)
    (benchmark,) = workspace.experiment.evaluation.benchmarks
    for arm in ("grpo-s0", "rlsd-s0"):
        BenchmarkScoresStage(benchmark=benchmark).make(workspace.at(arm, 0))
    before = read_results(workspace)
    look_ahead(workspace.at("rlsd-s0", 1), benchmark)
    assert read_results(workspace) == before


def test_one_can_look_ahead_from_one_iteration_after_the_other(
    copied: Path, workspace_at: Open
) -> None:
    workspace = workspace_at(copied)
    (benchmark,) = workspace.experiment.evaluation.benchmarks
    look_ahead(workspace.at("rlsd-s0", 0), benchmark)
    assert len(look_ahead(workspace.at("rlsd-s0", 1), benchmark)) == 3
