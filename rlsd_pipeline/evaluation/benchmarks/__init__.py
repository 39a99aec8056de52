"""The benchmarks that an experiment can declare, one file each.

    heldout.py     the experiment's own held-out problems
    mathvision.py  competition questions on mathematics with a picture
    mathvista.py   questions on mathematics in pictures
    mmmu.py        college-level questions of 30 subjects
    wemath.py      problems and their single steps
    zerobench.py   questions that are hard to see

The other files hold what the rules of these need. An experiment can declare every benchmark in a
file here; no list has to be changed. A benchmark of a user's own has the same form.
"""

from typing import TYPE_CHECKING, TypeAlias

from rlsd_pipeline.components.built_in import built_in
from rlsd_pipeline.components.one_of import one_of
from rlsd_pipeline.evaluation.any_benchmark import AnyBenchmark
from rlsd_pipeline.evaluation.benchmark import Benchmark

BENCHMARKS = built_in(__name__, __path__, AnyBenchmark)
"""Every built-in benchmark, by the name of its file."""

if TYPE_CHECKING:
    BenchmarkConfig: TypeAlias = AnyBenchmark
else:
    BenchmarkConfig = one_of(Benchmark, BENCHMARKS)
