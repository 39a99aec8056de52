"""The `results` asset: all scores in one table."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared
from assets.failures import own_message_first
from assets.pictures import difference_picture, learning_curve
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage

if TYPE_CHECKING:
    from rlsd_pipeline.stages.evaluation.results import Result


NAME = "results"


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The newest score of each arm beside its base."""
    benchmarks = declared.experiment.evaluation.benchmarks

    @dg.asset(
        **declared.whole_asset(
            NAME,
            "The newest score of every method over its seeds, beside the base and one method.",
            [BenchmarkScoresStage(benchmark=benchmark).full_name for benchmark in benchmarks],
        )
    )
    @own_message_first()
    def results(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from assets.results.document import sections
        from assets.results.formats import markdown
        from assets.results.headroom import headroom_section
        from assets.results.paper import paper_column
        from rlsd_pipeline.stages.evaluation.headroom import read_headroom
        from rlsd_pipeline.stages.evaluation.results import read_results
        from rlsd_pipeline.stages.upkeep.earlier import earlier_notes

        declared.claim(context)
        workspace = declared.workspace()
        lines = read_results(workspace)
        compared_with = declared.experiment.compared_with
        compared = f"minus {compared_with}"
        curves = {
            f"curve/{benchmark.name}": learning_curve(workspace, benchmark.name)
            for benchmark in benchmarks
        }
        for benchmark in benchmarks:
            curves |= difference_picture(lines, benchmark.name, compared_with)
        paper = {
            benchmark.name: paper_column(
                [line for line in lines if line.benchmark == benchmark.name], benchmark
            )[1]
            for benchmark in benchmarks
        }
        records = [
            dg.TableRecord(
                {
                    "benchmark": line.benchmark,
                    "method": line.method,
                    "seeds": len(line.seeds),
                    "updates": line.updates,
                    "score": round(line.score.value, 4),
                    "interval": f"{line.score.low:.4f} to {line.score.high:.4f}",
                    "detectable": _number(line.detectable),
                    "judged": _number(line.judged),
                    "gain": "-" if line.gain is None else f"{line.gain.value:+.4f}",
                    compared: _difference(line),
                    "mentions": round(line.mentions.value, 4),
                    "blind": _number(line.blind),
                    "unparsed": line.unparsed,
                    "truncated": line.truncated,
                    "paper": paper[line.benchmark].get(line.method, "-"),
                }
            )
            for line in lines
        ]
        if not records:
            return dg.MaterializeResult()
        headroom = headroom_section(read_headroom(workspace))
        document = markdown([*sections(lines, compared_with, benchmarks), headroom])
        notes = earlier_notes(workspace)
        return dg.MaterializeResult(
            metadata={
                "table": dg.MetadataValue.table(records),
                "document": dg.MetadataValue.md(document),
                "headroom": dg.MetadataValue.md(markdown([headroom])),
                **(
                    {"earlier declaration": dg.MetadataValue.md("\n\n".join(notes))}
                    if notes
                    else {}
                ),
                **curves,
            }
        )

    yield results


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _difference(line: "Result") -> str:
    if line.difference is None:
        return "-"
    paired = line.difference.paired
    return (
        f"{paired.value:+.4f} ({paired.low:+.4f} to {paired.high:+.4f}), "
        f"p {line.difference.p_corrected:.2g} (Holm, {paired.test}; interval not corrected)"
    )
