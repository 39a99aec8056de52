"""MathVista by the rule of the scores that its authors published."""

from functools import partial
from typing import Literal

from rlsd_pipeline.evaluation.benchmarks.mathvista import MathVista
from rlsd_pipeline.evaluation.benchmarks.mathvista_official import (
    MathVistaOfficial,
    published_integer,
)


class MathVistaPublished(MathVista):
    """MathVista, testmini; the official rule is that of the published scores."""

    type: Literal["mathvista_published"] = "mathvista_published"  # type: ignore[assignment]

    rules = {**MathVista.rules, "official": partial(MathVistaOfficial, published_integer)}
