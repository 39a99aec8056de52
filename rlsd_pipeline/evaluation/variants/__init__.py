"""Other official rules or rows of a benchmark's family, for scoring stored responses only."""

from rlsd_pipeline.components.built_in import built_in
from rlsd_pipeline.evaluation.benchmark import Benchmark

VARIANTS = built_in(__name__, __path__, Benchmark)
"""The variants by the name of their file; no experiment can declare them."""
