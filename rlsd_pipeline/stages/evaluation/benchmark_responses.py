"""benchmark_responses: a policy's responses to the questions of a benchmark.

They are stored batch by batch, separately from the verdicts. An interrupted evaluation continues
where it stopped, and another rule or a judge reuses the stored responses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import SkipValidation

from rlsd_pipeline.config.decoding import Decoding
from rlsd_pipeline.config.evaluation import BenchmarkConfig
from rlsd_pipeline.stages.stage import Stage, plain
from schemas import BenchmarkResponse, Problem

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.stages.workspace import StageRun


class Asked(NamedTuple):
    """A question with its encoded prompt.

    Attributes:
        problem: The question with its images.
        text: The prompt.
    """

    problem: Problem
    text: str


class Budget(NamedTuple):
    """The token limits of a prompt and a response."""

    prompt: int
    response: int


class BenchmarkResponsesStage(Stage):
    """The responses to one batch of questions; what is made of them later does not count."""

    type: Literal["benchmark_responses"] = "benchmark_responses"

    name = "benchmark_responses"
    description = "A policy's responses to some questions of a benchmark."
    version = "2"
    scope = "policy"
    reads = ("policy",)
    writes = (BenchmarkResponse,)

    benchmark: BenchmarkConfig
    """How the policy answers."""

    items: Any
    """The artifact that holds the questions and their images."""

    asked: Annotated[Sequence[Asked], SkipValidation]
    """The questions."""

    budget: Budget
    """Tokens of a prompt and of a response."""

    answers: Any = None
    """An iterator whose next item is the responses to this batch; all are answered together."""

    @property
    def full_name(self) -> str:
        """Apart for each benchmark."""
        return f"{self.name}.{self.benchmark.name}"

    def inputs(self, run: StageRun) -> dict[str, Artifact]:
        """The policy and the questions."""
        return super().inputs(run) | {"items": self.items}

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The questions as they are put, and how they are answered."""
        texts = [(each.problem.problem_id, each.text) for each in self.asked]
        return plain(self.benchmark, *Decoding.model_fields) | {
            "asked": hashlib.sha256(json.dumps(texts).encode()).hexdigest(),
            "budget": list(self.budget),
            "system": run.experiment.prompts.system,
            "engine": run.experiment.engine.identity,
        }

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Take the next answers and write them."""
        from rlsd_pipeline.artifacts.tables import record_table

        out.table(BenchmarkResponse, record_table(BenchmarkResponse, next(self.answers)))
