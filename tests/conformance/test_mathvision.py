import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from rlsd_pipeline.evaluation.benchmarks.mathvision import MathVision, readable_gold
from rlsd_pipeline.evaluation.scored import Mode
from rlsd_pipeline.evaluation.scoring import Prediction, settle
from schemas import Problem, Verdict

CORRECT = {
    "GPT4-CoT (Text Only)": 248,
    "Gemini-Pro-CoT": 436,
    "InternLM-XComposer2-VL": 442,
    "LLaVA-v1.5-13B": 338,
    "Qwen-VL-Max": 474,
    "Random-Chance": 218,
    "SPHINX-MoE": 431,
    "ShareGPT4V-7B": 320,
}

Compare = Callable[[str, str, str, object, object], None]


@cache
def problems(folder: Path) -> dict[str, Problem]:
    return {p.problem_id: p for p in map(MathVision().read, lines(folder / "test.jsonl"))}


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def scored(folder: Path, model: str, mode: Mode) -> tuple[list[bool], list[str | None]]:
    rows = lines(folder / "outputs" / f"{model}.jsonl")
    predictions = [Prediction(row["id"], row["response"]) for row in rows]
    found = settle(MathVision(mode=mode), problems(folder), predictions)
    return [each.verdict is Verdict.CORRECT for each in found], [each.extracted for each in found]


@pytest.mark.parametrize("model", CORRECT)
def test_official_verdicts_row_by_row(benchdata: Path, compare: Compare, model: str) -> None:
    folder = benchdata / "mathvision"
    rows = lines(folder / "outputs" / f"{model}.jsonl")
    correct, extracted = scored(folder, model, "official")
    extractions = sum(
        ours == (row["model_answer"] or None) for ours, row in zip(extracted, rows, strict=True)
    )
    verdicts = sum(ours == row["correct"] for ours, row in zip(correct, rows, strict=True))
    compare("MathVision", model, "extractions of 3040", extractions, 3040)
    compare("MathVision", model, "verdicts of 3040", verdicts, 3040)
    compare("MathVision", model, "correct of 3040", sum(correct), CORRECT[model])


def test_official_breakdown(benchdata: Path, compare: Compare) -> None:
    folder = benchdata / "mathvision"
    model = "Qwen-VL-Max"
    predictions = [
        Prediction(row["id"], extraction=row["model_answer"] or " ")
        for row in lines(folder / "outputs" / f"{model}.jsonl")
    ]
    found = settle(MathVision(mode="official"), problems(folder), predictions)
    breakdown = MathVision().summarise(found, 0.95).breakdown
    ours = {label: f"{round(p.score * p.n)}/{p.n}" for label, p in breakdown.items()}
    published = json.loads((folder / "outputs" / f"{model}_result.json").read_text())
    official = {
        ours_name(label): share.partition("=")[0]
        for label, share in published.items()
        if (label != "-all" and not label.startswith("-level")) or label[-1].isdigit()
    }
    compare("MathVision", model, "parts of the breakdown", ours == official, True)


def ours_name(label: str) -> str:
    subject, joined, level = label.removeprefix("-").rpartition("level")
    if not joined:
        return f"subject={label}"
    if not subject:
        return f"level={level}"
    return f"subject and level={subject.removesuffix('_')}, level {level}"


def test_testmini_is_a_part_of_test(benchdata: Path, compare: Compare) -> None:
    folder = benchdata / "mathvision"
    part = [MathVision().read(row) for row in lines(folder / "testmini.jsonl")]
    same = sum(problems(folder)[problem.problem_id] == problem for problem in part)
    compare("MathVision", "testmini.jsonl", "rows that are test rows", same, 304)


def test_every_gold_answer_is_reachable_robustly(benchdata: Path, compare: Compare) -> None:
    folder = benchdata / "mathvision"
    asked = problems(folder)
    predictions = [
        Prediction(problem.problem_id, extraction=readable_gold(problem.answer))
        for problem in asked.values()
    ]
    found = settle(MathVision(mode="robust"), asked, predictions)
    lost = [each.problem.problem_id for each in found if each.verdict is not Verdict.CORRECT]
    compare("MathVision", "test.jsonl", "golds lost by the robust rule", lost, [])
