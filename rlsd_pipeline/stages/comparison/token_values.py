"""token_values: the value of every state of the rollouts, measured by continuations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.stages.stage import Stage, plain
from schemas import Reward, Rollout, TokenValues

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.stages.comparison.valued_places import Cost
    from rlsd_pipeline.stages.workspace import StageRun


class TokenValuesStage(Stage):
    """Continue from the states of an iteration's rollouts, and reward the continuations."""

    type: Literal["token_values"] = "token_values"

    name = "token_values"
    description = (
        "The value of every state: the mean reward of continuations, in two independent halves. "
        "The credit of all methods is compared with the true advantages that follow from it."
    )
    version = "2"
    reads = ("problems", "policy", "rollouts", "rewards")
    decided_by = ("token_values", "verifier", "reward", "prompts")
    writes = (TokenValues,)
    computes = True

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The arm's token values, and how the rollouts were sampled: so are continuations."""
        sampling = run.experiment.sampling
        return {
            "engine": run.experiment.engine.identity,
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
        } | plain(run.arm, "token_values")

    def seeds(self, run: StageRun) -> dict[str, int]:
        """Seeds of the continuations."""
        return {"arm": run.arm.seed, "iteration": run.iteration}

    def require(self, run: StageRun, inputs: Mapping[str, Artifact]) -> None:
        """Refuse rollouts of another policy, verdicts on other rollouts, and rewards of a log."""
        from rlsd_pipeline.stages.iteration.alignment import (
            require_made_from,
            require_own_rewards,
            require_sampled_by,
        )

        require_sampled_by(inputs["rollouts"], inputs["policy"])
        require_made_from(inputs["rewards"], inputs["rollouts"])
        require_own_rewards(inputs["rewards"])

    def cost(self, run: StageRun) -> Cost:
        """The cost of the stage here, before it begins.

        Raises:
            ArtifactError: The iteration has no rollouts or rewards.
        """
        from rlsd_pipeline.stages.comparison.valued_places import expected_cost

        read = self.inputs(run)
        rollouts, rewards = read["rollouts"].table(Rollout), read["rewards"].table(Reward)
        return expected_cost(run.arm.token_values, rollouts, rewards, run.arm.seed)

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Value every distinct state once; what is done of it survives an interruption.

        Raises:
            DataError: A response is the data set's own, which no policy continues.
        """
        from rlsd_pipeline.artifacts.tables import to_table
        from rlsd_pipeline.credit.states import distinct_states, values_columns
        from rlsd_pipeline.stages.comparison.continuations import Continuations
        from rlsd_pipeline.stages.comparison.valued_places import valued_places

        rollouts, rewards = inputs["rollouts"].table(Rollout), inputs["rewards"].table(Reward)
        completion_ids = rollouts["completion_ids"].to_pylist()
        owners = rollouts["problem_id"].to_pylist()
        places = valued_places(run.arm.token_values, rollouts, rewards, run.arm.seed)
        states, passed = distinct_states(owners, completion_ids, places)
        continuations = Continuations(run, inputs["problems"], inputs["policy"])
        found = continuations.rewards(states)
        columns = values_columns(found, places, passed)
        table = to_table(
            TokenValues,
            {
                "rollout_id": rollouts["rollout_id"],
                "completion_ids": rollouts["completion_ids"],
                "reward": rewards["reward"],
                **columns,
            },
        )
        out.table(TokenValues, table, aligned_with=rollouts)
        out.measure(
            states=float(len(states)),
            continuations=float(run.arm.token_values.continuations),
            tokens=float(sum(one.sampled_tokens for one in found)),
            parts_reused=float(continuations.reused),
        )

    def metrics(self, artifact: Artifact) -> dict[str, float]:
        """Mean value of the prompts, and how much the states of a response differ in value."""
        from rlsd_pipeline.credit.states import value_metrics

        return value_metrics(artifact.table(TokenValues))
