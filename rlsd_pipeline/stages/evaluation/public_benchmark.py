"""A public benchmark as a policy takes it, scored by its official or its robust rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.evaluation import PublicBenchmarkConfig
from rlsd_pipeline.config.judge import JudgeConfig
from rlsd_pipeline.evaluation.benchmark import Benchmark, Scored
from rlsd_pipeline.evaluation.benchmarks import BENCHMARKS
from rlsd_pipeline.evaluation.judge import Judge
from rlsd_pipeline.evaluation.scoring import Prediction, settle
from rlsd_pipeline.stages.evaluation.benchmark_responses import Asked, Budget
from rlsd_pipeline.stages.evaluation.verdicts import Judged, item_verdict
from rlsd_pipeline.stages.run import StageRun
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
    benchmark: PublicBenchmarkConfig
    items: Artifact

    @property
    def split(self) -> str:
        """As declared."""
        return self.benchmark.split

    @property
    def budget(self) -> Budget:
        """As declared; the paper's is 4,096 for each."""
        return Budget(self.benchmark.max_prompt_tokens, self.benchmark.max_tokens)

    @property
    def _definition(self) -> Benchmark:
        return BENCHMARKS[self.benchmark.type]

    @cached_property
    def _problems(self) -> dict[str, Problem]:
        return self.run.workspace.problems(self.items)

    def asked(self) -> list[Asked]:
        """Every row, in the benchmark's own words."""
        prompt = self._definition.prompt
        return [Asked(problem, prompt(problem)) for problem in self._problems.values()]

    def judge(self, responses: Sequence[BenchmarkResponse]) -> Judged:
        """Verdicts by the declared rule, and the benchmark's own score."""
        confidence = self.run.experiment.evaluation.confidence
        predictions = [
            Prediction(
                problem_id=response.problem_id,
                response=response.completion,
                sample_index=response.sample_index,
                truncated=response.truncated,
            )
            for response in responses
        ]
        scored = settle(self._definition, self.benchmark.mode, self._problems, predictions)
        items = [item_verdict(each, each.problem.attributes) for each in scored]
        score = None
        if self.benchmark.judge is not None:
            score, verdicts = self._review(self.benchmark.judge, scored)
            items = [
                item.model_copy(update={"judged": verdict})
                for item, verdict in zip(items, verdicts, strict=True)
            ]
        return Judged(
            mode=self.benchmark.mode,
            scored=scored,
            items=items,
            summary=self._definition.summarise(scored, confidence),
            judge=score,
        )

    def _review(
        self, config: JudgeConfig, scored: Sequence[Scored]
    ) -> tuple[JudgeScore, list[Verdict | None]]:
        """The score with a judge's readings, and the verdict on each response that it read."""
        rule = self._definition.rules[self.benchmark.mode]()
        reviewed = Judge(config, JUDGE_CACHE).review(scored, rule)
        confidence = self.run.experiment.evaluation.confidence
        score = JudgeScore(
            model=config.model,
            score=self._definition.summarise(reviewed.scored, confidence).score.value,
            judged=reviewed.n_read,
            failed=reviewed.n_failed,
        )
        return score, [
            None if after is before else after.verdict
            for before, after in zip(scored, reviewed.scored, strict=True)
        ]
