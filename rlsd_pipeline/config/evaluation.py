"""Settings of evaluation: the benchmarks that score a policy, and when."""

from typing import Annotated

from pydantic import Field, model_validator

from rlsd_pipeline.config.strict import StrictConfig
from rlsd_pipeline.evaluation.benchmark import Benchmark
from rlsd_pipeline.evaluation.benchmarks import BenchmarkConfig
from rlsd_pipeline.evaluation.benchmarks.heldout import HeldoutBenchmark


class EvaluationConfig(StrictConfig):
    """The benchmarks that score a policy, and when."""

    benchmarks: list[BenchmarkConfig] = Field(default=[HeldoutBenchmark()], min_length=1)
    """The benchmarks, by `type`."""

    every: Annotated[int, Field(ge=1)] = 25
    """`rlsd train` and the sensor that evaluates checkpoints evaluate after every this many
    updates, before the first update and after the last."""

    schedule: str = "0 3 * * *"
    """Cron schedule of the evaluation of every arm's newest policy."""

    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Confidence of the intervals."""

    @model_validator(mode="after")
    def _benchmarks_are_distinct(self) -> "EvaluationConfig":
        names = [benchmark.name for benchmark in self.benchmarks]
        if len(set(names)) < len(names):
            raise ValueError(f"two benchmarks share a name: {sorted(names)}; give one a `name`")
        return self

    @property
    def public(self) -> list[Benchmark]:
        """The benchmarks that are not the experiment's own."""
        return [each for each in self.benchmarks if isinstance(each, Benchmark)]
