"""We-Math's tables of two response sets over its real rows, and of real models."""

import csv
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.evaluation.benchmarks.wemath import WeMath
from rlsd_pipeline.evaluation.scored import Summary
from rlsd_pipeline.evaluation.scoring import Prediction, settle
from schemas import Problem, Verdict
from tests.conformance.conftest import Compare

COLUMNS = {
    "InsufficientKnowledge": "IK",
    "InadequateGeneralization": "IG",
    "CompleteMastery": "CM",
    "RoteMemorization": "RM",
}


@pytest.fixture(scope="module")
def problems(benchdata: Path) -> dict[str, Problem]:
    rows = json.loads((benchdata / "wemath" / "testmini.json").read_text())
    problems = [WeMath().read(row) for row in rows]
    assert len(problems) == WeMath().splits["testmini"].rows
    return {problem.problem_id: problem for problem in problems}


@pytest.mark.parametrize("source", ["oracle_all_correct", "oracle_mixed_formats"])
def test_oracle(
    benchdata: Path, problems: dict[str, Problem], compare: Compare, source: str
) -> None:
    folder = benchdata / "wemath" / "oracle"
    summary = _summary(folder / f"{source}.jsonl", problems)
    for column, official in _table(folder / f"{source}_four_dim.csv").items():
        compare("We-Math", source, column, _four_dimensional(summary, column), official)
    for column, official in _table(folder / f"{source}_accuracy.csv").items():
        ours = _accuracy(summary, column, benchdata / "wemath")
        compare("We-Math", source, column, ours, official)


def test_identities_of_real_tables(benchdata: Path, compare: Compare) -> None:
    for path in sorted((benchdata / "wemath" / "mm_mcts_csv").glob("*.csv")):
        table = _table(path)
        for name in ("Strict", "Loose"):
            count = {
                short: int(re.search(r"\((\d+)\)", table[f"{long} ({name})"])[1])  # type: ignore[index]
                for long, short in COLUMNS.items()
            }
            compare("We-Math", path.stem, f"{name} IDs", sum(count.values()), 525)
            score = (count["CM"] + 0.5 * count["IG"]) / 525
            compare(
                "We-Math", path.stem, f"Score ({name})", f"{score:.2%}", table[f"Score ({name})"]
            )


def test_the_robust_rule_reads_what_the_official_one_cannot(
    benchdata: Path, problems: dict[str, Problem]
) -> None:
    path = benchdata / "wemath" / "oracle" / "oracle_mixed_formats.jsonl"
    predictions = _predictions(path)
    official = settle(WeMath(mode="official"), problems, predictions)
    robust = settle(WeMath(mode="robust"), problems, predictions)
    lost = [
        ours.response
        for ours, theirs in zip(robust, official, strict=True)
        if theirs.verdict is Verdict.CORRECT and ours.verdict is not Verdict.CORRECT
    ]
    assert lost == []
    unread = (sum(each.extracted is None for each in scored) for scored in (robust, official))
    assert next(unread) < next(unread)


def _predictions(path: Path) -> list[Prediction]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [Prediction(str(row["question number"]), row["response"]) for row in rows]


def _summary(path: Path, problems: dict[str, Problem]) -> Summary:
    return WeMath().summarise(settle(WeMath(mode="official"), problems, _predictions(path)), 0.95)


def _table(path: Path) -> dict[str, str]:
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)
    del row["Model"]
    return row


def _four_dimensional(summary: Summary, column: str) -> str:
    long, name = re.fullmatch(r"(\w+) \((\w+)\)", column).groups()  # type: ignore[union-attr]
    parts = summary.breakdown
    if long == "Score":
        value = summary.score.value if name == "Strict" else parts["loose score"].score
        return f"{value:.2%}"
    label = f"{name.lower()} {COLUMNS[long]}"
    share = parts[f"{label} rate" if COLUMNS[long] == "RM" else label].score
    return f"{share:.2%} ({round(parts[label].score * 525)})"


def _accuracy(summary: Summary, column: str, folder: Path) -> str:
    if found := re.search(r"\((S\d)\)", column):
        return f"{summary.breakdown[found[1]].score:.2%}"
    concepts: dict[str, list[str]] = defaultdict(list)
    nodes: list[dict[str, Any]] = json.loads(
        (folder / "knowledge_structure_nodes.json").read_text()
    )
    for node in nodes:
        concepts[node["root2"]].append(node["full node"].split("_")[-1])
    scores = [summary.breakdown[f"concept={concept}"].score for concept in concepts[column]]
    return f"{sum(scores) / len(scores):.2%}"
