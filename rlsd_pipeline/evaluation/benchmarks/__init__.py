"""The public benchmarks, one definition a file."""

from rlsd_pipeline.evaluation.benchmark import Benchmark
from rlsd_pipeline.evaluation.benchmarks.mathvision import MATHVISION
from rlsd_pipeline.evaluation.benchmarks.mathvista import MATHVISTA, MATHVISTA_PUBLISHED
from rlsd_pipeline.evaluation.benchmarks.mmmu import MMMU
from rlsd_pipeline.evaluation.benchmarks.mmmu_pro import MMMU_PRO
from rlsd_pipeline.evaluation.benchmarks.wemath import WEMATH
from rlsd_pipeline.evaluation.benchmarks.zerobench import ZEROBENCH

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark for benchmark in (MMMU, MATHVISTA, MATHVISION, ZEROBENCH, WEMATH)
}
"""Name -> definition, in the order of the published table."""

VARIANTS: dict[str, Benchmark] = {
    variant.name: variant for variant in (MATHVISTA_PUBLISHED, MMMU_PRO)
}
"""Name -> another official rule or rows of the same family, for scoring stored responses only."""
