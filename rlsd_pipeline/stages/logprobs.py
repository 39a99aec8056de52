"""logprobs: the sampled tokens under the student and under the privileged teacher.

Both see exactly the sampled completion ids, at the rollouts' temperature and in one precision, and
the student's prompt is encoded again and must be the sampled one: nothing is aligned by hope.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.errors import AlignmentError
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.stages.prompts import student_prompt, teacher_prompt
from rlsd_pipeline.stages.requests import logprobs_request
from rlsd_pipeline.stages.run import StageRun
from schemas import Problem, Rollout, TokenLogprobs

Encode = Callable[[Problem], EncodedPrompt]


def score_rollouts(run: StageRun) -> Artifact:
    """Score the rollouts under the student, and under the teacher where the method reads one."""
    problems, policy, rollouts = run.read("problems"), run.read("policy"), run.read("rollouts")
    require_sampled_by(rollouts, policy)
    teacher = None
    if run.arm.weighting.reads_teacher:
        teacher = run.read("policy", run.arm.teacher.iteration(run.iteration))

    def write(out: ArtifactWriter) -> None:
        experiment, pool = run.experiment, run.workspace.pool
        table = rollouts.table(Rollout)
        passes = 2 if teacher else 1
        run.workspace.progress.start("logprobs", passes * len(table), "rollouts")
        scored = _Scoring(run, table, run.workspace.problems(problems))
        student = pool.get(policy)
        scored.require_same_prompts(lambda p: student_prompt(experiment, student, p))
        columns = {
            "rollout_id": table["rollout_id"],
            "completion_ids": table["completion_ids"],
            "student_logprobs": scored(student, lambda p: student_prompt(experiment, student, p)),
            "teacher_logprobs": [None] * len(table),
        }
        if teacher is not None:
            model = pool.get(teacher)
            columns["teacher_logprobs"] = scored(
                model, lambda p: teacher_prompt(experiment, model, p)
            )
        out.table(TokenLogprobs, to_table(TokenLogprobs, columns), aligned_with=table)
        out.measure(engine_gap_max=_largest_gap(table, columns["student_logprobs"]))

    return run.produce(logprobs_request(run), write)


def require_sampled_by(rollouts: Artifact, policy: Artifact) -> None:
    """Refuse rollouts of another policy: scored by this one they would pass for its own.

    Raises:
        AlignmentError: Names both policies.
    """
    sampled_by = rollouts.manifest.inputs["policy"]
    if sampled_by != policy.digest:
        raise AlignmentError(
            f"the rollouts were sampled by policy {sampled_by[:12]}, and the policy here is "
            f"{policy.digest[:12]}: materialize rollouts again"
        )


class _Scoring:
    """Scores one table of rollouts, some prompts at a time."""

    def __init__(self, run: StageRun, table: pa.Table, problems: dict[str, Problem]) -> None:
        self.run = run
        self.prompt_ids = table["prompt_ids"].to_pylist()
        self.completion_ids = table["completion_ids"].to_pylist()
        self.problem_ids = table["problem_id"].to_pylist()
        self.problems = problems
        self.first_row: dict[str, int] = {}
        for row, problem_id in enumerate(self.problem_ids):
            self.first_row.setdefault(problem_id, row)

    def require_same_prompts(self, encode: Encode) -> None:
        """The prompts as encoded now must be the ones that were sampled from."""
        for problem_id, row in self.first_row.items():
            encoded = encode(self.problems[problem_id]).prompt_ids
            if encoded != self.prompt_ids[row]:
                raise AlignmentError(
                    f"the prompt of problem {problem_id} encodes to {len(encoded)} tokens that "
                    f"are not the {len(self.prompt_ids[row])} sampled from: the prompt template "
                    "or the tokenizer changed since; sample the rollouts again"
                )

    def __call__(self, policy: Policy, encode: Encode) -> list[list[float]]:
        """Log-probabilities of every rollout's tokens, in the table's order."""
        step = self.run.experiment.engine.batch_prompts
        ids = list(self.first_row)
        scored: dict[int, list[float]] = {}
        for start in range(0, len(ids), step):
            part = {problem_id: place for place, problem_id in enumerate(ids[start : start + step])}
            members = [row for row, owner in enumerate(self.problem_ids) if owner in part]
            batch = ScoringBatch(
                prompts=[encode(self.problems[problem_id]) for problem_id in part],
                owners=[part[self.problem_ids[row]] for row in members],
                completion_ids=[self.completion_ids[row] for row in members],
            )
            temperature = self.run.experiment.sampling.temperature
            values = completion_logprobs(policy, batch, temperature=temperature)
            scored.update(zip(members, values, strict=True))
            self.run.workspace.progress.advance(len(members))
        return [scored[row] for row in range(len(self.problem_ids))]


def _largest_gap(table: pa.Table, student: list[list[float]]) -> float:
    """Largest difference between a log-probability as sampled and as scored, nats."""
    sampled = table["rollout_logprobs"].combine_chunks().flatten().to_numpy()
    scored = np.array([value for row in student for value in row], dtype=np.float32)
    return float(np.abs(sampled - scored).max()) if len(scored) else 0.0
