"""`rlsd score`: stored responses to a public benchmark, scored without a model."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console
from rich.progress import track

from assets.cli.fitted import show
from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.components.one_of import one_of
from rlsd_pipeline.config.strict import StrictConfig, validate
from rlsd_pipeline.evaluation.benchmark import Benchmark
from rlsd_pipeline.evaluation.benchmarks import BENCHMARKS
from rlsd_pipeline.evaluation.predictions import read_predictions
from rlsd_pipeline.evaluation.rows import read_items
from rlsd_pipeline.evaluation.scored import CLUSTER, Scored, Summary
from rlsd_pipeline.evaluation.scoring import settle
from rlsd_pipeline.evaluation.variants import VARIANTS
from rlsd_pipeline.statistics.power import detectable_difference
from rlsd_pipeline.tables.table import Cell, Column, Table, table_of_cells, text
from schemas import Problem, Verdict

_CONFIDENCE = 0.95
_POWER = 0.8
_DETECTABLE = "minimum detectable difference"
_SCORE = f"score [{_CONFIDENCE:.0%} interval]"
_LABELS = (
    Column("label", lambda part: part[0], "<"),
    Column(_SCORE, lambda part: part[1].interval, ".2%"),
    Column("n", lambda part: part[1].n, ","),
)
"""Columns of a label's part of the score."""

KNOWN = [each for each in (*BENCHMARKS, *VARIANTS) if issubclass(each, Benchmark)]


class _Declared(StrictConfig):
    if TYPE_CHECKING:
        benchmark: Benchmark
    else:
        benchmark: one_of(Benchmark, KNOWN)


class _Report(NamedTuple):
    """The printed results."""

    benchmark: Benchmark
    scored: Sequence[Scored]
    summary: Summary
    detectable: float


def score(
    benchmark: str, *, items: Path, predictions: Path, mode: str, split: str | None, as_json: bool
) -> None:
    """Score the predictions and print the report; the progress goes to the standard error."""
    declared = {"type": benchmark, "mode": mode, "path": str(items)}
    declared |= {} if split is None else {"split": split}
    report = _score(_benchmark(declared), items, predictions)
    if as_json:
        print(json.dumps(_as_json(report), allow_nan=False))
        return
    show(_head(report), *([_breakdown(report)] if report.summary.breakdown else []))


def _score(benchmark: Benchmark, items: Path, predictions: Path) -> _Report:
    problems = read_items(benchmark, items)
    answers = read_predictions(predictions, problems, benchmark.id_column)
    watch = Console(stderr=True)
    watched = track(
        answers, benchmark.name, console=watch, transient=True, disable=not watch.is_terminal
    )
    scored = settle(benchmark, problems, watched)
    with guarded(benchmark, "summarise"):
        summary = benchmark.summarise(scored, _CONFIDENCE)
    detectable = detectable_difference(
        list(summary.question_scores.values()),
        _CONFIDENCE,
        _POWER,
        clusters=_clusters(summary.question_scores, problems),
    )
    return _Report(benchmark, scored, summary, detectable)


def _benchmark(declared: Mapping[str, str]) -> Benchmark:
    data = {"benchmark": declared}
    return validate(_Declared, data, source="rlsd score", folder=Path.cwd()).benchmark


def _clusters(units: Mapping[str, float], problems: Mapping[str, Problem]) -> list[str]:
    """The cluster of each unit of the score; some benchmarks score whole clusters."""
    return [
        problems[unit].attributes.get(CLUSTER, unit) if unit in problems else unit for unit in units
    ]


def _counts(report: _Report) -> dict[str, int]:
    verdicts = Counter(each.verdict for each in report.scored)
    return {
        "n": len({each.problem.problem_id for each in report.scored}),
        "responses": len(report.scored),
        "correct": verdicts[Verdict.CORRECT],
        "unparsed": verdicts[Verdict.UNPARSED],
        "truncated": verdicts[Verdict.TRUNCATED],
        "guessed": sum(each.guessed for each in report.scored),
        "verifier_errors": verdicts[Verdict.VERIFIER_ERROR],
    }


def _as_json(report: _Report) -> dict[str, Any]:
    estimate, judged = report.summary.score, bool(report.summary.question_scores)
    return {
        "benchmark": report.benchmark.name,
        "split": report.benchmark.split,
        "mode": report.benchmark.mode,
        "revision": report.benchmark.commit,
        "score": _finite(estimate.value) if judged else None,
        "interval": [_finite(estimate.low), _finite(estimate.high)] if judged else None,
        "confidence": _CONFIDENCE,
        **_counts(report),
        "n_of_split": report.benchmark.splits[report.benchmark.split].rows,
        "minimum_detectable_difference": _finite(report.detectable),
        "power": _POWER,
        "breakdown": {name: part.model_dump() for name, part in report.summary.breakdown.items()},
    }


def _head(report: _Report) -> Table:
    counts, estimate = _counts(report), report.summary.score
    benchmark, judged = report.benchmark, bool(report.summary.question_scores)
    whole = benchmark.splits[benchmark.split].rows
    asked = counts.pop("n")
    rows: dict[str, Cell] = {
        _SCORE: text(estimate, ".2%") if judged else None,
        _DETECTABLE: f"{report.detectable:.2%}" if math.isfinite(report.detectable) else None,
        "n": f"{asked:,}" if whole in (None, asked) else f"{asked:,} of {whole:,}",
        **{name.replace("_", " "): count for name, count in counts.items()},
    }
    title = f"{_title(benchmark)} {benchmark.split}, {benchmark.mode} mode"
    note = f"{_DETECTABLE}: between two policies on these questions, with {_POWER:.0%} power"
    return table_of_cells(title, ("", ""), list(rows.items()), [note], form=",")


def _breakdown(report: _Report) -> Table:
    return Table(
        f"{_title(report.benchmark)}: breakdown", _LABELS, [*report.summary.breakdown.items()]
    )


def _title(benchmark: Benchmark) -> str:
    return benchmark.title or benchmark.name


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
