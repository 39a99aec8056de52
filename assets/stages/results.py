"""The `results` asset: all scores in one table."""

import dagster as dg

from assets.declared import Declared
from assets.pictures import learning_curve


def results_asset(declared: Declared) -> dg.AssetsDefinition:
    """The newest score of each arm beside its base."""
    benchmarks = declared.experiment.evaluation.benchmarks

    @dg.asset(
        **declared.whole_asset("results", "The newest score of every arm beside its base."),
        deps=[declared.key(f"benchmark_scores.{benchmark.name}") for benchmark in benchmarks],
    )
    def results() -> dg.MaterializeResult:
        from rlsd_pipeline.stages.results import read_results

        workspace = declared.workspace()
        lines = read_results(workspace)
        curves = {
            f"curve/{benchmark.name}": learning_curve(workspace, benchmark.name)
            for benchmark in benchmarks
        }
        records = [
            dg.TableRecord(
                {
                    "benchmark": line.benchmark,
                    "arm": line.arm,
                    "updates": line.score.updates,
                    "score": round(line.score.score, 4),
                    "low": round(line.score.interval_low, 4),
                    "high": round(line.score.interval_high, 4),
                    "blind": round(line.score.blind_baseline or 0.0, 4),
                    "gain": "-" if line.gain is None else f"{line.gain.value:+.4f}",
                    "p_value": "-" if line.gain is None else f"{line.gain.p_value:.2g}",
                }
            )
            for line in lines
        ]
        return dg.MaterializeResult(
            metadata={"table": dg.MetadataValue.table(records), **curves} if records else {}
        )

    return results
