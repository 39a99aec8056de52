"""information_gap: how the reference changes the teacher, and how much of it cannot be learnt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.config.precision import scoring_identity
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.stages.stage import Stage
from schemas import InformationGap, Reward, Rollout

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.stages.workspace import StageRun


class InformationGapStage(Stage):
    """Measure how the reference changes the teacher, and how much of that cannot be learnt."""

    type: Literal["information_gap"] = "information_gap"

    name = "information_gap"
    description = "Mutual information, deviation ratio and corruption probe on real rollouts."
    version = "3"
    reads = ("problems", "policy", "rollouts", "rewards")
    decided_by = ("prompts",)
    writes = (InformationGap,)
    computes = True

    def inputs(self, run: StageRun) -> dict[str, Artifact]:
        """The inputs, with the arm's teacher even if its method reads none."""
        return super().inputs(run) | {"teacher": run.teacher()}

    def settings(self, run: StageRun) -> dict[str, Any]:
        """How the rollouts are scored."""
        temperature = {"temperature": run.experiment.sampling.temperature}
        return temperature | scoring_identity(run.experiment, run.arm.teacher)

    def require(self, run: StageRun, inputs: Mapping[str, Artifact]) -> None:
        """Refuse rollouts of another policy, and verdicts on other rollouts."""
        from rlsd_pipeline.stages.iteration.alignment import (
            require_made_from,
            require_read_answers,
            require_sampled_by,
        )

        require_sampled_by(inputs["rollouts"], inputs["policy"])
        require_made_from(inputs["rewards"], inputs["rollouts"])
        require_read_answers(inputs["rewards"])

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Score the rollouts under every answer; nothing is sampled.

        Raises:
            ModelError: The teacher's tokenizer is not the student's.
        """
        from rlsd_pipeline.stages.comparison.information_probe import Probe, summary
        from rlsd_pipeline.stages.iteration.teacher import require_same_tokenizer

        reader, policy, teacher = run.workspace.compute.reader, inputs["policy"], inputs["teacher"]
        require_same_tokenizer(reader(policy), reader(teacher))
        table = inputs["rollouts"].table(Rollout)
        problems = run.workspace.problems(inputs["problems"])
        run.workspace.progress.start(self.name, None, "rollouts")
        probe = Probe(
            run,
            policy,
            teacher,
            Groups(table["problem_id"].to_pylist()),
            problems,
            table["completion_ids"].to_pylist(),
        )
        answers = inputs["rewards"].table(Reward, ["extracted"])["extracted"].to_pylist()
        out.record(summary(run, probe, answers, policy.digest, teacher.digest))
