"""MMMU's outputs of LLaVA-1.5-13B, and GPT-4o's of MMMU-Pro with their stored verdicts."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.evaluation.benchmarks.mmmu import DISCIPLINES, MMMU
from rlsd_pipeline.evaluation.benchmarks.mmmu_official import accepted_answers
from rlsd_pipeline.evaluation.predictions import read_predictions
from rlsd_pipeline.evaluation.rows import read_items
from rlsd_pipeline.evaluation.scoring import Prediction, settle
from rlsd_pipeline.evaluation.variants.mmmu_pro import MMMUPro
from schemas import Problem, Verdict
from tests.conformance.conftest import Compare


@pytest.fixture(scope="module")
def outputs(benchdata: Path) -> list[dict[str, Any]]:
    folders = benchdata / "mmmu" / "example_outputs" / "llava1.5_13b"
    return [
        row
        for subject in MMMU().configs
        for row in json.loads((folders / subject / "output.json").read_text())
    ]


@pytest.fixture(scope="module")
def problems(outputs: list[dict[str, Any]]) -> dict[str, Problem]:
    return {row["id"]: MMMU().read(_official_row(row)) for row in outputs}


def test_outputs(
    outputs: list[dict[str, Any]], problems: Mapping[str, Problem], compare: Compare
) -> None:
    predictions = [Prediction(row["id"], row["response"]) for row in outputs]
    scored = settle(MMMU(mode="official"), problems, predictions)
    right = [each for each in scored if each.verdict is Verdict.CORRECT]
    compare("MMMU", "llava1.5_13b", "correct of 900", len(right), 330)
    choice = sum(bool(each.problem.choices) for each in right)
    compare("MMMU", "llava1.5_13b", "multiple choice", choice, 328)
    compare("MMMU", "llava1.5_13b", "guessed", sum(each.guessed for each in scored), 2)
    summary = MMMU().summarise(scored, 0.95)
    compare("MMMU", "llava1.5_13b", "score in %", f"{summary.score.value:.2%}", "36.67%")
    for discipline, subjects in DISCIPLINES.items():
        assert summary.breakdown[f"discipline={discipline}"].n == 30 * len(subjects)
    assert sum(label.startswith("subject=") for label in summary.breakdown) == 30
    assert summary.breakdown["question_type=open"].n == 53


def test_answer_file(benchdata: Path, problems: Mapping[str, Problem], compare: Compare) -> None:
    golds = json.loads((benchdata / "mmmu" / "answer_dict_val.json").read_text())
    for problem_id, gold in golds.items():
        assert problems[problem_id].answer == str(gold["ground_truth"])
    said = json.loads(
        (benchdata / "mmmu" / "example_outputs" / "llava1.5_13b_val.json").read_text()
    )
    predictions = [Prediction(one, extraction=answer) for one, answer in said.items()]
    scored = settle(MMMU(mode="official"), problems, predictions)
    right = sum(each.verdict is Verdict.CORRECT for each in scored)
    compare("MMMU", "llava1.5_13b_val", "correct of 900", right, 324)


@pytest.mark.parametrize(
    ("source", "right", "by_chance"),
    [("gpt-4o_standard(10 options)_cot", 952, 0), ("gpt-4o_vision_direct", 734, 48)],
)
def test_pro(benchdata: Path, compare: Compare, source: str, right: int, by_chance: int) -> None:
    file = benchdata / "mmmu" / "mmmu-pro_output" / f"{source}.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert sum(row["if_right"] for row in rows) == right
    problems = read_items(MMMUPro(), file)
    scored = settle(MMMUPro(mode="official"), problems, read_predictions(file, problems))
    compare("MMMU-Pro", source, "guessed", sum(each.guessed for each in scored), by_chance)
    read = [(each, row) for each, row in zip(scored, rows, strict=True) if not each.guessed]
    equal = [
        each
        for each, row in read
        if each.extracted == row["pred_indexs"]
        and (each.verdict is Verdict.CORRECT) is row["if_right"]
    ]
    compare("MMMU-Pro", source, "rows equal", len(equal), len(rows) - by_chance)


def test_the_robust_rule_reads_its_own_golds(problems: Mapping[str, Problem]) -> None:
    predictions = [
        Prediction(one, f"<answer>{gold}</answer>", sample_index=index)
        for one, problem in problems.items()
        for index, gold in enumerate(accepted_answers(problem.answer))
    ]
    assert len(predictions) == 903
    scored = settle(MMMU(mode="robust"), problems, predictions)
    assert [each for each in scored if each.verdict is not Verdict.CORRECT] == []


def _official_row(output: Mapping[str, Any]) -> dict[str, Any]:
    """The row of the data set, as far as an output row of the authors holds it."""
    return {
        "id": output["id"],
        "question": "not in the output",
        "options": str(list(output.get("index2ans", {}).values())),
        "answer": output["answer"],
        "question_type": output["question_type"],
    }
