"""The rule that calls a benchmark's own methods; their exceptions name file and line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rlsd_pipeline.components.guarded import guarded
from schemas import Problem, Verdict

if TYPE_CHECKING:
    from rlsd_pipeline.evaluation.benchmark import Benchmark


@dataclass(frozen=True)
class OwnRule:
    """A benchmark's own `extract` and `compare`."""

    benchmark: Benchmark

    def extract(self, response: str, problem: Problem) -> str | None:
        """The answer of a response.

        Raises:
            ComponentError: The benchmark's method failed.
        """
        with guarded(self.benchmark, f"extract, question {problem.problem_id}"):
            return self.benchmark.extract(response, problem)

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """The verdict on an answer.

        Raises:
            ComponentError: The benchmark's method failed.
        """
        with guarded(self.benchmark, f"compare, question {problem.problem_id}"):
            found = self.benchmark.compare(answer, problem)
            if isinstance(found, bool):
                return (Verdict.CORRECT if found else Verdict.INCORRECT), None
            verdict, reason = found
            return verdict, reason
