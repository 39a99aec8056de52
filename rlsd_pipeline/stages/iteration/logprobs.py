"""logprobs: the sampled tokens under the student and under the privileged teacher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.config.precision import is_exact, scoring_identity
from rlsd_pipeline.credit.columns import (
    ALTERED,
    ASKED,
    BASE,
    BLURRED_IMAGE,
    PATCHED_IMAGE,
    SIBLINGS,
    SQUARED_PROBS,
    STUDENT_ENTROPY,
    TEACHER,
    TEACHER_ENTROPY,
    WRONG_SIBLINGS,
)
from rlsd_pipeline.errors import ArtifactError, ConfigError
from rlsd_pipeline.stages.iteration.rollouts import sampled_elsewhere
from rlsd_pipeline.stages.stage import Stage, plain
from rlsd_pipeline.stages.table import TableStage
from schemas import Rollout, TeacherDistribution, TokenLogprobs

if TYPE_CHECKING:
    import pyarrow as pa

    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.stages.workspace import StageRun


class LogprobsStage(Stage):
    """Score the rollouts under the student, and under the teacher where the method reads one."""

    type: Literal["logprobs"] = "logprobs"

    name = "logprobs"
    description = (
        "The sampled tokens under the student and, where the arm's method reads one, under "
        "the privileged teacher. The teacher is a `policy` of this or an earlier iteration."
    )
    version = "4"
    # Rewards count only where the teacher is shown a success or a verdict; see `inputs`.
    reads = ("problems", "policy", "rollouts", "rewards")
    decided_by = ("prompts",)
    writes = (TokenLogprobs, TeacherDistribution)
    computes = True

    def inputs(self, run: StageRun) -> dict[str, Artifact]:
        """The teacher, what it sees, and the base model count where the arm's method reads them."""
        found = super().inputs(run)
        if not run.arm.teacher_reads_rewards:
            found.pop("rewards", None)
        if run.arm.reads_teacher:
            found["teacher"] = run.teacher()
        if BASE in run.arm.columns:
            found["base"] = run.read("policy", 0)
        return found

    def settings(self, run: StageRun) -> dict[str, Any]:
        """Methods that keep the same entries of the teacher's distribution share a table."""
        arm = run.arm
        found: dict[str, Any] = {"temperature": run.experiment.sampling.temperature}
        if arm.shows_privileged:
            found |= plain(arm, "privileged") | dict(arm.privileged.also_identified)
        if arm.weighting.stored_divergence is not None:
            found |= plain(arm.weighting.stored_divergence, "top_k", "support")
        found |= _asked(run)
        return found | sampled_elsewhere(run) | scoring_identity(run.experiment, arm.teacher)

    def require(self, run: StageRun, inputs: Mapping[str, Artifact]) -> None:
        """Refuse rollouts of another policy, and verdicts on other rollouts."""
        from rlsd_pipeline.stages.iteration.alignment import require_made_from, require_sampled_by

        require_sampled_by(inputs["rollouts"], inputs["policy"])
        if "rewards" in inputs:
            require_made_from(inputs["rewards"], inputs["rollouts"])

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Score, and measure how far sampling and scoring are apart.

        Raises:
            AlignmentError: A prompt is not the one that was sampled from.
            ConfigError: The teacher's distribution would take too much disk.
            ModelError: The teacher's tokenizer is not the student's.
        """
        from rlsd_pipeline.artifacts.tables import to_table
        from rlsd_pipeline.diagnostics.moments import table_moments
        from rlsd_pipeline.stages.iteration.alignment import sampled_by_another_engine
        from rlsd_pipeline.stages.iteration.asked_columns import altered_columns, sibling_columns
        from rlsd_pipeline.stages.iteration.contexts import (
            Contexts,
            distribution_table,
            token_column,
        )
        from rlsd_pipeline.stages.iteration.sampler_gap import sampler_gap

        policy, teacher = inputs["policy"], inputs.get("teacher")
        table = inputs["rollouts"].table(Rollout)
        contexts = Contexts(run, inputs, table)
        # Below float32 a decoding pass and a scoring pass round differently, by more than Δ of
        # many tokens: both sides of it then come from scoring.
        same = is_exact(run.experiment) and not sampled_by_another_engine(inputs["rollouts"])
        student = contexts.student(policy, reuse=same)
        columns = {
            "rollout_id": table["rollout_id"],
            "completion_ids": table["completion_ids"],
            "student_logprobs": token_column(student),
            "teacher_logprobs": [None] * len(table),
            "teacher_plain_logprobs": [None] * len(table),
            STUDENT_ENTROPY: token_column(student, "entropy"),
        }
        if SQUARED_PROBS in run.arm.columns:
            columns[SQUARED_PROBS] = token_column(student, "squared_probs")
        if teacher is not None and run.arm.shows_privileged:
            scored = contexts.teacher(teacher, student)
            columns[TEACHER_ENTROPY] = token_column(scored, "entropy")
            columns["teacher_logprobs"] = token_column(scored)
            drifted = TEACHER in run.arm.columns and teacher.digest != policy.digest
            if drifted and not run.arm.privileged.is_nothing:
                columns["teacher_plain_logprobs"] = token_column(contexts.plain(teacher))
            if run.arm.weighting.stored_divergence is not None:
                kept = distribution_table(table, scored)
                out.table(TeacherDistribution, kept, aligned_with=table)
        if teacher is not None and run.arm.columns & SIBLINGS:
            columns |= sibling_columns(contexts, teacher)
        if run.arm.columns & ALTERED:
            columns |= altered_columns(contexts, policy)
        if "base" in inputs:
            same_weights = inputs["base"].digest == policy.digest
            base = student if same_weights else contexts.plain(inputs["base"])
            columns[BASE] = token_column(base)
        written = to_table(TokenLogprobs, columns)
        out.table(TokenLogprobs, written, aligned_with=table)
        measured = table_moments(written)._asdict()
        present = {name: value for name, value in measured.items() if value is not None}
        scored_rows = float(contexts.checked)
        out.measure(engine_gap_max=contexts.gap, student_rollouts_scored=scored_rows, **present)
        out.measure(**sampler_gap(inputs["rollouts"], table, written))

    def metrics(self, artifact: Artifact) -> dict[str, float]:
        """Moments of the information gain."""
        from rlsd_pipeline.tracking.metrics import logprob_metrics

        return logprob_metrics(
            artifact.table(TokenLogprobs, ["student_logprobs", "teacher_logprobs"])
        )


def _asked(run: StageRun) -> dict[str, Any]:
    """The columns that are asked for, and of their contexts what decides them."""
    columns, declared = run.arm.columns & ASKED, run.experiment.contexts
    decided = {
        WRONG_SIBLINGS: ("wrong_siblings",),
        BLURRED_IMAGE: ("blur",),
        PATCHED_IMAGE: ("seed", "patch_share", "patch_side"),
    }
    names = {name for column in columns for name in decided.get(column, ())}
    names |= {"seed"} if columns & SIBLINGS else set()
    found: dict[str, Any] = {"columns": sorted(columns)} if columns else {}
    return found | ({"contexts": plain(declared, *sorted(names))} if names else {})


class LogprobsTable(TableStage, LogprobsStage):  # type: ignore[misc]
    """Log-probabilities from a table."""

    type: Literal["table"] = "table"  # type: ignore[assignment]

    reads = ("policy", "rollouts")  # type: ignore[assignment]

    def inputs(self, run: StageRun) -> dict[str, Artifact]:
        """Whatever was shown to the teacher was shown elsewhere."""
        return {name: run.read(name) for name in self.reads}

    def require(self, run: StageRun, inputs: Mapping[str, Artifact]) -> None:
        """Refuse a method that matches the teacher's distribution, which the table does not hold.

        Raises:
            ConfigError: The arm's method does.
        """
        super().require(run, inputs)
        if run.arm.weighting.stored_divergence is not None:
            raise ConfigError(
                f"`{run.arm.method}` matches the teacher's distribution, and a table of `logprobs` "
                "holds the sampled tokens alone: drop `stages.logprobs`, or choose a method that "
                "reads no distribution"
            )

    def check(self, run: StageRun, inputs: Mapping[str, Artifact], table: pa.Table) -> None:
        """Check that teacher and base model scored the responses if the arm's method reads them.

        Raises:
            ArtifactError: One of them did not.
        """
        for name, whose in ((TEACHER, "a teacher"), (BASE, "the base model")):
            if name in run.arm.columns and table[name].null_count == len(table):
                raise ArtifactError(
                    f"{name} is null in every row, and `{run.arm.method}` reads {whose}"
                )
