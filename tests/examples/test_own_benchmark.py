"""The dozen questions of `own_benchmark`, asked of a tiny model and judged by the file's rule."""

import json
from pathlib import Path

import pytest
from dagster import AssetKey

from assets.cli.score import score
from assets.graph import build_definitions
from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.artifacts.tables import rows
from rlsd_pipeline.config.experiment import load_experiment
from rlsd_pipeline.errors import ComponentError, ConfigError, DataError
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import BenchmarkScore, ItemVerdict
from tests.examples.conftest import EXAMPLES, Small, copied

NAME = "own_benchmark"
BY_LENGTH = """
    def extract(self, response: str, problem: Problem) -> str:
        return ("red", "circle", "gray")[len(response) % 3]
"""
RIGHT = {
    "colour_1": "red",
    "colour_2": "gray",
    "shape_7": "circle",
    "shape_10": "circle",
}
"""Question -> which of the three answers is right; to the others none is."""


def evaluate(workspace: Workspace) -> Artifact:
    run = workspace.at("grpo-s0", 0)
    run.make(PolicyStage)
    return BenchmarkScoresStage(benchmark=run.experiment.evaluation.benchmarks[1]).make(run)


def verdicts(scores: Artifact) -> list[ItemVerdict]:
    return list(rows(ItemVerdict, scores.table(ItemVerdict)))


def edit(folder: Path, old: str, new: str) -> None:
    file = folder / NAME / "benchmark.py"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_changed_rule_scores_anew_and_asks_nothing_again(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = ("evaluation",)
    first = evaluate(small(NAME, keep=keep))
    record = first.record(BenchmarkScore)
    assert (record.benchmark, record.split, record.questions) == ("shapes", "test", 12)

    monkeypatch.setattr(TransformersEngine, "sample", None)
    edit(tmp_path, "\n    def compare", f"{BY_LENGTH}\n    def compare")
    second = evaluate(small(NAME, keep=keep))
    said = [each.completion for each in verdicts(second)]
    assert said == [each.completion for each in verdicts(first)]
    named = [("red", "circle", "gray")[len(text) % 3] for text in said]
    ids = [each.problem_id for each in verdicts(second)]
    right = [RIGHT.get(one) == answer for one, answer in zip(ids, named, strict=True)]
    assert [each.verdict.value for each in verdicts(second)] == [
        "correct" if each else "incorrect" for each in right
    ]
    record = second.record(BenchmarkScore)
    assert record.score == pytest.approx(sum(right) / 12)
    assert record.interval_low <= record.score <= record.interval_high
    assert {label: part.n for label, part in record.breakdown.items()} == {
        "kind=colour": 6,
        "kind=shape": 6,
    }


def test_stored_responses_are_scored_by_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copied(NAME, tmp_path / NAME)
    golds = [json.loads(row) for row in (folder / "questions.jsonl").read_text().splitlines()]
    # Nine right ones, three by their last name; two wrong ones, and one without an answer.
    said = [row["answer"].split(" or ")[-1 if i in (1, 4, 6) else 0] for i, row in enumerate(golds)]
    texts = [f"<answer>{answer}</answer>" for answer in [*said[:9], "pink", "circle"]]
    predictions = tmp_path / "said.jsonl"
    predictions.write_text(
        "".join(
            json.dumps({"id": row["id"], "response": text}) + "\n"
            for row, text in zip(golds, [*texts, ""], strict=True)
        )
    )
    score(
        f"{folder}/benchmark.py:Shapes",
        items=folder / "questions.jsonl",
        predictions=predictions,
        mode="robust",
        split=None,
        as_json=True,
    )
    found = json.loads(capsys.readouterr().out)
    assert (found["benchmark"], found["n"], found["correct"], found["unparsed"]) == (
        *("shapes", 12, 9, 1),
    )
    # Wilson's lower end, (0.75 + z²/24 - z √(0.1875/12 + z²/576)) / (1 + z²/12); above, three
    # wrong ones or more have a probability of .05 at a share of .07187.
    assert found["score"] == 0.75
    assert found["interval"] == pytest.approx([0.46769, 0.92813], abs=1e-5)
    assert found["breakdown"]["kind=colour"]["score"] == 1.0
    assert found["breakdown"]["kind=shape"]["score"] == 0.5


def test_its_assets_are_defined() -> None:
    definitions = build_definitions(NAME, load_experiment(EXAMPLES / NAME / "defs.yaml"))
    keys = {key for asset in definitions.assets or () for key in asset.keys}
    assert AssetKey([NAME, "benchmark_items", "shapes"]) in keys
    assert AssetKey([NAME, "benchmark_scores", "shapes"]) in keys


def test_an_unknown_split_is_answered_by_the_nearest(tmp_path: Path) -> None:
    file = copied(NAME, tmp_path / NAME) / "defs.yaml"
    file.write_text(
        file.read_text().replace(
            "path: questions.jsonl", "split: tets\n        path: questions.jsonl"
        )
    )
    with pytest.raises(ConfigError, match=r"no split 'tets'; did you mean 'test'\?"):
        load_experiment(file)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("return problem.question", "return problem.ask", r"prompt, question colour_1: Attribute"),
        ('row["answer"]', 'row["gold"]', r"read, .*questions\.jsonl row 0: KeyError: 'gold'"),
        ("names = problem", "names = 1 / 0 or problem", r"compare, question colour_1: ZeroDiv"),
    ],
)
def test_a_mistake_names_file_line_and_question(
    small: Small, tmp_path: Path, old: str, new: str, message: str
) -> None:
    copied(NAME, tmp_path / NAME)
    edit(tmp_path, old, new)
    edit(tmp_path, "\n    def compare", f"{BY_LENGTH}\n    def compare")
    written = (tmp_path / NAME / "benchmark.py").read_text().splitlines()
    line = next(number for number, text in enumerate(written, 1) if new in text)
    with pytest.raises(ComponentError, match=rf"{message}.*benchmark\.py, line {line}\)"):
        evaluate(small(NAME, keep=("evaluation",)))


def test_a_row_without_a_column_is_named(small: Small, tmp_path: Path) -> None:
    file = copied(NAME, tmp_path / NAME) / "questions.jsonl"
    rows = [json.loads(row) for row in file.read_text().splitlines()]
    del rows[3]["answer"]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=r"questions\.jsonl row 3: not a row of shapes: answer: "):
        evaluate(small(NAME, keep=("evaluation",)))
    for row in rows:
        row.pop("answer", None)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=r"no column 'answer'; .*the columns that Shapes names"):
        evaluate(small(NAME, keep=("evaluation",)))
