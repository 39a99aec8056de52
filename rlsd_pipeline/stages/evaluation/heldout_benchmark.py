"""The experiment's own held-out problems, judged by the verifier that gives the rewards."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.data.blind import blind_baseline
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.evaluation.aggregate import question_means
from rlsd_pipeline.evaluation.benchmarks.heldout import HeldoutBenchmark
from rlsd_pipeline.evaluation.heldout import breakdown
from rlsd_pipeline.evaluation.scored import Scored, Summary
from rlsd_pipeline.stages.evaluation.benchmark_responses import Asked, Budget
from rlsd_pipeline.stages.evaluation.benchmark_task import JudgedResponses, item_verdict
from rlsd_pipeline.stages.iteration.prompts import student_text
from rlsd_pipeline.stages.iteration.rewards import verify
from rlsd_pipeline.stages.workspace import StageRun
from rlsd_pipeline.statistics.intervals import score_interval
from schemas import BenchmarkResponse, Problem


@dataclass(frozen=True)
class HeldoutTest:
    """The `test` split of the data set.

    Attributes:
        run: The policy that takes it.
        benchmark: How it is declared.
        items: Its questions.
    """

    run: StageRun
    benchmark: HeldoutBenchmark
    items: Artifact

    split = "test"

    @property
    def budget(self) -> Budget:
        """The token limits of training."""
        sampling = self.run.experiment.sampling
        return Budget(sampling.max_prompt_tokens, sampling.max_tokens)

    @cached_property
    def _problems(self) -> dict[str, Problem]:
        return self.run.workspace.problems(self.items)

    def _of(self, split: str) -> list[Problem]:
        return [problem for problem in self._problems.values() if problem.split == split]

    def asked(self) -> list[Asked]:
        """Every held-out problem, put as in training.

        Raises:
            ConfigError: There are no held-out problems.
        """
        problems = self._of(self.split)
        if not problems:
            raise ConfigError(
                "the data set holds out no problems: set dataset.test_share; where the problems "
                "are a log's, import it into an experiment of the data set that they come from"
            )
        return [Asked(problem, student_text(self.run.experiment, problem)) for problem in problems]

    def judge(self, responses: Sequence[BenchmarkResponse]) -> JudgedResponses:
        """Verdicts, the mean over questions, and the steps of the reasoning where known."""
        experiment = self.run.experiment
        confidence, steps = experiment.evaluation.confidence, experiment.dataset.reasoning_steps
        scored = [self._verify(response) for response in responses]
        items = [
            item_verdict(
                each,
                each.problem.attributes | steps(each.response, each.extracted, each.problem),
            )
            for each in scored
        ]
        means = question_means(scored)
        overall = score_interval(list(means.values()), confidence)
        return JudgedResponses(
            mode="verifier",
            scored=scored,
            items=items,
            summary=Summary(overall, breakdown(items, confidence), means),
            blind_baseline=blind_baseline(self._of("train"), self._of(self.split)),
        )

    def _verify(self, response: BenchmarkResponse) -> Scored:
        problem = self._problems[response.problem_id]
        text = response.completion
        found = verify(self.run.workspace, text, problem, cut=response.truncated)
        return Scored(
            problem,
            response.sample_index,
            text,
            found.extracted,
            found.verdict,
            reason=found.reason,
        )
