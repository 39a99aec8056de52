import json
import operator
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.evaluation.benchmark import Benchmark
from rlsd_pipeline.evaluation.benchmarks.mathvista import MathVista
from rlsd_pipeline.evaluation.scored import Scored
from rlsd_pipeline.evaluation.scoring import Prediction, settle
from rlsd_pipeline.evaluation.variants.mathvista_published import MathVistaPublished
from schemas import BreakdownScore, Problem, Verdict

Compare = Callable[[str, str, str, object, object], None]

# Correct of 1,000 by the rule of the published scores and by that of the repository's head.
BY_BOTH_RULES = {
    "bard": (348, 348),
    "chatgpt": (235, 235),
    "chatgpt_2shot_code": (251, 257),
    "claude_2shot_solution": (244, 244),
    "frequent_guess": (263, 263),
    "gpt4_2shot_code": (260, 270),
    "gpt4_2shot_solution_use_ocr": (321, 321),
    "idefics_9b_instruct": (198, 200),
    "llama_adapter_v2": (239, 239),
    "llava_llama_2_13b": (261, 261),
    "llavar": (250, 252),
    "random_guess": (179, 179),
}

# The one model whose published score is that of the repository's head.
SCORED_BY_HEAD = {"llavar"}

# Their scores were made before the skills of some rows were changed: the totals differ.
EARLIER_SKILLS = {"bard", "chatgpt", "idefics_9b_instruct", "llava_llama_2_13b"}

# The published scores name a grade as the rows no longer do.
RENAMED = {"daily life": "not applicable"}


@pytest.fixture(scope="module")
def problems(benchdata: Path) -> dict[str, Problem]:
    rows = json.loads((benchdata / "mathvista" / "testmini.json").read_text())
    return {pid: MathVista().read({**row, "pid": pid}) for pid, row in rows.items()}


def outputs(benchdata: Path, model: str) -> list[dict[str, Any]]:
    path = benchdata / "mathvista" / "results" / f"output_{model}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def official_scores(benchdata: Path, model: str) -> dict[str, Any]:
    path = benchdata / "mathvista" / "results" / f"scores_{model}.json"
    return dict(json.loads(path.read_text()))


def score(
    kind: type[Benchmark], problems: dict[str, Problem], rows: Sequence[dict[str, Any]]
) -> list[Scored]:
    predictions = [Prediction(row["pid"], row["response"], row["extraction"]) for row in rows]
    return settle(kind(mode="official"), problems, predictions)


def letter(problem: Problem) -> str:
    if not problem.choices:
        return problem.answer
    return string.ascii_uppercase[problem.choices.index(problem.answer)]


def count_correct(scored: Sequence[Scored]) -> int:
    return sum(each.verdict is Verdict.CORRECT for each in scored)


def published_parts(official: dict[str, Any], model: str) -> dict[str, tuple[int, int]]:
    return {
        f"{label}={RENAMED.get(value, value)}": (part["total"], part["correct"])
        for label, values in official.items()
        if label != "average" and not (label == "skills" and model in EARLIER_SKILLS)
        for value, part in values.items()
    }


def correct_in(part: BreakdownScore) -> int:
    return round(part.n * part.score)


def test_prompts_are_the_published_queries(
    benchdata: Path, problems: dict[str, Problem], compare: Compare
) -> None:
    queries = json.loads((benchdata / "mathvista" / "query_testmini.json").read_text())
    same = sum(MathVista().prompt(problems[pid]) == text.strip() for pid, text in queries.items())
    compare("MathVista", "query_testmini.json", "prompts", same, 1000)


def test_gold_answers(problems: dict[str, Problem], compare: Compare) -> None:
    texts = [Prediction(pid, extraction=problem.answer) for pid, problem in problems.items()]
    letters = [Prediction(pid, extraction=letter(problem)) for pid, problem in problems.items()]
    # Two rows have choices "(a)" to "(e)" in another order, which the official rule takes for the
    # letters of the choices.
    for mode, form, given, reached in (
        ("official", "text", texts, 998),
        ("official", "letter", letters, 1000),
        ("robust", "text", texts, 1000),
        ("robust", "letter", letters, 1000),
    ):
        scored = settle(MathVista(mode=mode), problems, given)
        compare(
            "MathVista", "testmini.json", f"gold {form}, {mode}", count_correct(scored), reached
        )


@pytest.mark.parametrize("model", BY_BOTH_RULES)
def test_published_scores(
    benchdata: Path, problems: dict[str, Problem], compare: Compare, model: str
) -> None:
    rows, official = outputs(benchdata, model), official_scores(benchdata, model)
    published = score(MathVistaPublished, problems, rows)
    head = score(MathVista, problems, rows)
    counts = count_correct(published), count_correct(head)
    compare("MathVista", model, "correct by int, int(float)", counts, BY_BOTH_RULES[model])
    scored, rule = (head, "int(float)") if model in SCORED_BY_HEAD else (published, "int")
    ours = count_correct(scored)
    compare("MathVista", model, f"correct, {rule}", ours, official["average"]["correct"])
    stored = [bool(row["true_false"]) for row in rows]
    verdicts = [each.verdict is Verdict.CORRECT for each in scored]
    same = sum(map(operator.eq, verdicts, stored))
    compare("MathVista", model, "rows judged alike", same, 1000)
    parts = published_parts(official, model)
    breakdown = MathVista().summarise(scored, 0.95).breakdown
    found = {label: (breakdown[label].n, correct_in(breakdown[label])) for label in parts}
    alike = sum(found[label] == parts[label] for label in parts)
    compare("MathVista", model, "parts of the breakdown", alike, len(parts))
