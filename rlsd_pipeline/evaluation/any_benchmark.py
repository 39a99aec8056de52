"""The settings of all benchmarks: public ones, and the experiment's own held-out problems."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from rlsd_pipeline.components.component import Component
from rlsd_pipeline.config.decoding import Decoding

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.config.experiment import ExperimentConfig
    from rlsd_pipeline.stages.evaluation.benchmark_task import BenchmarkTask
    from rlsd_pipeline.stages.workspace import StageRun

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
"""Name of a benchmark; part of the name of its asset."""


def _own_name(declared: dict[str, Any]) -> str:
    """A built-in one's type, or the name of a user's class in small letters."""
    last = re.split(r"[:.]", declared["type"])[-1]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).lower()


class AnyBenchmark(Decoding, Component):
    """A benchmark, with the settings of decoding.

    One of your own is a `Benchmark`, whose questions are rows.
    """

    component_kind = "benchmark"

    title: ClassVar[str] = ""
    """Its name in the published table; empty where it has none there."""

    name: Name = Field(default_factory=_own_name)
    """Name of the benchmark in its asset; by default its type, or its class in lower case."""

    @property
    @abstractmethod
    def items(self) -> str:
        """Full name of the stage that keeps its questions."""

    @abstractmethod
    def items_at(self, run: StageRun) -> Artifact:
        """Its questions; rows that are not the experiment's own are read if missing."""

    @abstractmethod
    def test(self, run: StageRun, items: Artifact) -> BenchmarkTask:
        """The evaluation task for the policy of an iteration."""

    @abstractmethod
    def questions(self, experiment: ExperimentConfig) -> int | None:
        """The number of questions; None if it is unknown without the data."""

    @abstractmethod
    def response_tokens(self, experiment: ExperimentConfig) -> int:
        """Budget of one response."""

    def depends_on(self, experiment: ExperimentConfig) -> dict[str, Any]:
        """Further parts of the experiment that decide the score."""
        return {}
