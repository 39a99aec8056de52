"""A policy on small local copies of the five public benchmarks."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.artifacts.tables import rows
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.scoring import Prediction, settle
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.stages.evaluation.benchmark_items import BenchmarkItemsStage
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.evaluation.question_scores import read_question_scores
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from schemas import BenchmarkScore, ItemVerdict, Problem
from tests.benchmark_fixtures import BENCHMARKS, write_json, write_parquet

Open = Callable[..., Workspace]
Ran = tuple[Path, dict[tuple[str, int, str], Artifact]]

NAMES = list(BENCHMARKS)
SHORT = {"max_tokens": 8, "max_pixels": 4096}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("benchmarks")
    return {name: write_parquet(name, root / name) for name in NAMES}


@pytest.fixture
def place(copied: Path, workspace_at: Open, folders: dict[str, Path]) -> Callable[..., StageRun]:
    def place(name: str, **changes: Any) -> StageRun:
        declared = {"type": name, "path": str(folders[name]), **SHORT, **changes}
        workspace = workspace_at(copied, evaluation={"benchmarks": [declared]})
        return workspace.at("grpo-s0", 1)

    return place


def evaluate(run: StageRun) -> Artifact:
    return BenchmarkScoresStage(benchmark=run.experiment.evaluation.benchmarks[0]).make(run)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", ["official", "robust"])
def test_a_score_is_that_of_its_verdicts(
    place: Callable[..., StageRun], name: str, mode: str
) -> None:
    run = place(name, mode=mode)
    artifact = evaluate(run)
    score = artifact.record(BenchmarkScore)
    items = list(rows(ItemVerdict, artifact.table(ItemVerdict)))
    benchmark = run.experiment.evaluation.public[0]
    problems = run.workspace.problems(
        BenchmarkItemsStage(benchmark=benchmark).make(run.workspace.whole())
    )
    assert [item.problem_id for item in items] == list(problems)
    assert (score.mode, score.questions, score.samples) == (mode, len(problems), 1)
    assert score.split == next(iter(BENCHMARKS[name].splits))
    # The same responses scored outside of the pipeline.
    predictions = [Prediction(item.problem_id, item.completion) for item in items]
    again = settle(BENCHMARKS[name].model_copy(update={"mode": mode}), problems, predictions)
    assert [each.extracted for each in again] == [item.extracted for item in items]
    assert score.score == pytest.approx(BENCHMARKS[name].summarise(again, 0.95).score.value)
    verdicts = Counter(item.verdict.value for item in items)
    assert (score.correct, score.unparsed) == (verdicts["correct"], verdicts["unparsed"])
    assert score.truncated == verdicts["truncated"]
    units = read_question_scores(artifact)
    assert score.score == pytest.approx(sum(units.values()) / len(units))


def test_images_fit_their_budget(place: Callable[..., StageRun]) -> None:
    from rlsd_pipeline.data.images import decode_image

    run = place("mmmu", max_pixels=2048)
    items = BenchmarkItemsStage(benchmark=run.experiment.evaluation.public[0]).make(
        run.workspace.whole()
    )
    for problem in rows(Problem, items.table(Problem)):
        sizes = [decode_image(image).size for image in problem.images]
        assert sum(width * height for width, height in sizes) <= 2048


def test_an_interrupted_evaluation_goes_on_where_it_stopped(
    place: Callable[..., StageRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    sample = TransformersEngine.sample

    def counted(self: TransformersEngine, policy: Any, request: Any, progress: Any = None) -> Any:
        if len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(len(request.prompts))
        return sample(self, policy, request, progress)

    run = place("wemath")
    small = run.experiment.engine.model_copy(update={"batch_prompts": 2})
    run.workspace.experiment = run.experiment.model_copy(update={"engine": small})
    monkeypatch.setattr(TransformersEngine, "sample", counted)
    with pytest.raises(KeyboardInterrupt):
        evaluate(run)
    monkeypatch.setattr(TransformersEngine, "sample", sample)
    resumed: list[int] = []

    def noted(self: TransformersEngine, policy: Any, request: Any, progress: Any = None) -> Any:
        resumed.append(len(request.prompts))
        return sample(self, policy, request, progress)

    monkeypatch.setattr(TransformersEngine, "sample", noted)
    score = evaluate(run).record(BenchmarkScore)
    assert sum(asked) == 4
    assert sum(resumed) == score.questions - 4


def test_another_rule_generates_nothing_again(
    place: Callable[..., StageRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    official = evaluate(place("mathvision", mode="official"))
    monkeypatch.setattr(TransformersEngine, "sample", None)
    robust = evaluate(place("mathvision", mode="robust"))
    texts = [a.table(ItemVerdict)["completion"].to_pylist() for a in (official, robust)]
    assert texts[0] == texts[1]


def test_several_samples_have_pass_at_k(place: Callable[..., StageRun]) -> None:
    run = place("mathvista", samples=3, temperature=1.0, top_p=0.9, top_k=20)
    artifact = evaluate(run)
    score = artifact.record(BenchmarkScore)
    right: dict[str, int] = Counter()
    for item in rows(ItemVerdict, artifact.table(ItemVerdict)):
        right[item.problem_id] += item.verdict.value == "correct"
    assert score.questions == len(right)
    assert score.score == pytest.approx(sum(right.values()) / 3 / len(right))
    assert score.pass_at["avg@3"] == pytest.approx(sum(right.values()) / 3 / len(right))
    assert score.pass_at["pass@3"] == pytest.approx(sum(n > 0 for n in right.values()) / len(right))
    assert score.pass_at["pass^3"] == pytest.approx(
        sum(n == 3 for n in right.values()) / len(right)
    )


def test_training_on_a_benchmark_is_refused(
    tmp_path: Path, workspace_at: Open, folders: dict[str, Path]
) -> None:
    source = write_json("mathvision", tmp_path / "authors")
    lines = [json.loads(line) for line in source.read_text().splitlines()]
    problems = [
        {"question": row["question"], "answer": "1", "images": [row["image"]]} for row in lines
    ]
    data = source.parent / "train.jsonl"
    data.write_text("\n".join(json.dumps(problem) for problem in problems))
    workspace = workspace_at(
        tmp_path / "store",
        dataset={"type": "jsonl", "path": str(data)},
        model={"type": "pretrained", "name": str(tmp_path)},
        evaluation={"benchmarks": [{"type": "mathvision", "path": str(folders["mathvision"])}]},
    )
    with pytest.raises(DataError, match="are in the benchmark mathvision"):
        workspace.whole().make(ProblemsStage)
