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
from rlsd_pipeline.tables.table import Column
from schemas import MethodResult


def paper_column(lines: Sequence[MethodResult], benchmarks: Sequence[BenchmarkConfig]) -> Column:
    """The paper's figures beside results."""
    cells = paper_cells(lines, benchmarks)

    def read(line: MethodResult) -> str | None:
        cell = cells.get((line.benchmark, line.method))
        return None if cell is None else str(cell)

    return Column("paper, %", read)


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
    lines: Sequence[MethodResult], benchmarks: Sequence[BenchmarkConfig]
) -> dict[tuple[str, str], PublishedCell]:
    """Benchmark and method -> the paper's figure; only on the splits that it is about."""
    found = {}
    for benchmark in filter(in_paper, benchmarks):
        if isinstance(benchmark, Benchmark) and benchmark.split == next(iter(benchmark.splits)):
            name = benchmark.name
            kinds = {line.method: line.weighting for line in lines if line.benchmark == name}
            for method in published_methods(kinds):
                found[name, method] = published_cells(kinds[method])[benchmark.title]
    return found


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
