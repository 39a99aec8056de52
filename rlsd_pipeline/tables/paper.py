"""The paper's results beside ours, and the differences of its protocol."""

from collections.abc import Mapping, Sequence

from rlsd_pipeline.config.evaluation import BenchmarkConfig
from rlsd_pipeline.evaluation.benchmark import Benchmark
from rlsd_pipeline.evaluation.published import (
    BENCHMARKS,
    PublishedCell,
    published_cells,
    published_methods,
)
from schemas import MethodResult


def paper_column(
    lines: Sequence[MethodResult], benchmark: BenchmarkConfig
) -> tuple[str, Mapping[str, str]]:
    """Head of the paper's column, and method -> its cell; empty where it has none."""
    if not in_paper(benchmark):
        return "", {}
    return "paper, %", {name: str(cell) for name, cell in paper_cells(lines, benchmark).items()}


def paper_means(
    lines: Sequence[MethodResult], benchmarks: Sequence[BenchmarkConfig]
) -> Mapping[str, str]:
    """Method -> the paper's mean of five benchmarks; empty unless these are the five."""
    if {benchmark.title for benchmark in benchmarks} != set(BENCHMARKS):
        return {}
    published = published_methods({line.method: line.weighting for line in lines})
    return {name: f"{sum(row) / len(row):.2f} %" for name, row in published.items()}


def in_paper(benchmark: BenchmarkConfig) -> bool:
    """Whether the published table has a column for a benchmark."""
    return benchmark.title in BENCHMARKS


def paper_cells(
    lines: Sequence[MethodResult], benchmark: BenchmarkConfig
) -> dict[str, PublishedCell]:
    """Method -> the paper's figure on a public benchmark; only of the split that it is about."""
    if not isinstance(benchmark, Benchmark) or not in_paper(benchmark):
        return {}
    if benchmark.split != next(iter(benchmark.splits)):
        return {}
    kinds = {line.method: line.weighting for line in lines}
    return {
        method: published_cells(kinds[method])[benchmark.title]
        for method in published_methods(kinds)
    }


def protocol_notes(benchmark: BenchmarkConfig) -> list[str]:
    """How a benchmark of rows is taken here, and what is known of how the paper took it."""
    if not isinstance(benchmark, Benchmark):
        return []
    drawn = f"{benchmark.samples} samples at temperature {benchmark.temperature:g}"
    decoding = "greedy decoding" if benchmark.temperature == 0 else drawn
    part = "" if benchmark.limit is None else f", the first {benchmark.limit:,} rows only"
    return [
        f"Here: split {benchmark.split}{part}, {benchmark.mode} rule, {decoding}, responses of at "
        f"most {benchmark.max_tokens:,} tokens.",
        *benchmark.protocol,
    ]
