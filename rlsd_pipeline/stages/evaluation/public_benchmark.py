"""A public benchmark for the evaluation stages, scored by its official or its robust rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.config.endpoint import JudgeConfig
from rlsd_pipeline.evaluation.benchmark import Benchmark
from rlsd_pipeline.evaluation.judge import Judge
from rlsd_pipeline.evaluation.scored import Scored, Summary
from rlsd_pipeline.evaluation.scoring import Prediction, settle
from rlsd_pipeline.stages.evaluation.benchmark_responses import Asked, Budget
from rlsd_pipeline.stages.evaluation.benchmark_task import JudgedResponses, item_verdict
from rlsd_pipeline.stages.workspace import StageRun
from schemas import BenchmarkResponse, JudgeScore, Problem, Verdict

JUDGE_CACHE = Path("~/.cache/rlsd_pipeline/judge").expanduser()
"""Readings are content-addressed and hold no secret, so all experiments share them."""


@dataclass(frozen=True)
class PublicTest:
    """A split of a public benchmark.

    Attributes:
        run: The policy that takes it.
        benchmark: How it is declared.
        items: Its questions.
    """

    run: StageRun
    benchmark: Benchmark
    items: Artifact

    @property
    def split(self) -> str:
        """The declared split."""
        return self.benchmark.split

    @property
    def budget(self) -> Budget:
        """The declared token limits; the paper's are 4,096 each."""
        return Budget(self.benchmark.max_prompt_tokens, self.benchmark.max_tokens)

    @cached_property
    def _problems(self) -> dict[str, Problem]:
        return self.run.workspace.problems(self.items)

    def asked(self) -> list[Asked]:
        """Every row, in the benchmark's own words."""
        return [Asked(problem, self._prompt(problem)) for problem in self._problems.values()]

    def _prompt(self, problem: Problem) -> str:
        with guarded(self.benchmark, f"prompt, question {problem.problem_id}"):
            return self.benchmark.prompt(problem)

    def _summarise(self, scored: Sequence[Scored]) -> Summary:
        with guarded(self.benchmark, "summarise"):
            return self.benchmark.summarise(scored, self.run.experiment.evaluation.confidence)

    def judge(self, responses: Sequence[BenchmarkResponse]) -> JudgedResponses:
        """Verdicts by the declared rule, and the benchmark's own score."""
        predictions = [
            Prediction(
                problem_id=response.problem_id,
                response=response.completion,
                sample_index=response.sample_index,
                truncated=response.truncated,
            )
            for response in responses
        ]
        scored = settle(self.benchmark, self._problems, predictions)
        items = [item_verdict(each, each.problem.attributes) for each in scored]
        score = None
        if self.benchmark.judge is not None:
            score, verdicts = self._review(self.benchmark.judge, scored)
            items = [
                item.model_copy(update={"judged": verdict})
                for item, verdict in zip(items, verdicts, strict=True)
            ]
        return JudgedResponses(
            mode=self.benchmark.mode,
            scored=scored,
            items=items,
            summary=self._summarise(scored),
            judge=score,
        )

    def _review(
        self, config: JudgeConfig, scored: Sequence[Scored]
    ) -> tuple[JudgeScore, list[Verdict | None]]:
        """The score with a judge's readings, and the verdict on each response that it read."""
        reviewed = Judge(config, JUDGE_CACHE).review(scored, self.benchmark.rule())
        score = JudgeScore(
            model=config.model,
            score=self._summarise(reviewed.scored).score.value,
            judged=reviewed.n_read,
            failed=reviewed.n_failed,
        )
        return score, [
            None if after is before else after.verdict
            for before, after in zip(scored, reviewed.scored, strict=True)
        ]
