"""The public benchmarks, one definition a file."""

from rlsd_pipeline.evaluation.benchmark import Benchmark
from rlsd_pipeline.evaluation.benchmarks.mathvision import MATHVISION
from rlsd_pipeline.evaluation.benchmarks.mathvista import MATHVISTA, MATHVISTA_PUBLISHED
from rlsd_pipeline.evaluation.benchmarks.mmmu import MMMU
from rlsd_pipeline.evaluation.benchmarks.wemath import WEMATH
from rlsd_pipeline.evaluation.benchmarks.zerobench import ZEROBENCH

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark for benchmark in (MMMU, MATHVISTA, MATHVISION, ZEROBENCH, WEMATH)
}
"""Name -> definition, in the order of the published table."""

VARIANTS: dict[str, Benchmark] = {MATHVISTA_PUBLISHED.name: MATHVISTA_PUBLISHED}
"""Name -> the same rows under another official rule, for scoring stored responses."""
