"""rollouts: G responses to each problem of the iteration, sampled by the current policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.components.component import built_in_name
from rlsd_pipeline.config.precision import scoring_identity
from rlsd_pipeline.errors import ArtifactError
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.stages.table import TableStage
from schemas import Rollout

if TYPE_CHECKING:
    import pyarrow as pa

    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.stages.workspace import StageRun


class RolloutsStage(Stage):
    """Draw the iteration's problems and sample a group of responses to each.

    An arm that learns from reference responses gets those instead, one for each problem.
    """

    type: Literal["rollouts"] = "rollouts"

    name = "rollouts"
    description = "G responses to each problem, with their log-probabilities."
    version = "3"
    reads = ("problems", "policy")
    decided_by = ("sampling", "engine", "prompts")
    writes = (Rollout,)
    computes = True

    def settings(self, run: StageRun) -> dict[str, Any]:
        """Arms of one seed that share a policy share its rollouts."""
        responses = run.arm.weighting.responses
        found: dict[str, Any] = {"responses": responses, "engine": run.experiment.engine.identity}
        if responses == "reference":
            found |= scoring_identity(run.experiment, run.arm.teacher)
        return found

    def seeds(self, run: StageRun) -> dict[str, int]:
        """Seeds of the problems and the responses."""
        return {"arm": run.arm.seed, "iteration": run.iteration, "draw": run.draw}

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Sample and write one table.

        Raises:
            ConfigError: One iteration asks for more problems than there are.
            DataError: A prompt or a reference response is longer than the budget.
        """
        from rlsd_pipeline.stages.iteration.sampling import sampled_table

        table = sampled_table(run, inputs["problems"], inputs["policy"])
        out.table(Rollout, table)
        out.measure(tokens=float(sum(map(len, table["completion_ids"].to_pylist()))))

    def metrics(self, artifact: Artifact) -> dict[str, float]:
        """Tokens, lengths, and the share that the limit cut."""
        from rlsd_pipeline.tracking.metrics import rollout_metrics

        return rollout_metrics(artifact.table(Rollout, ["completion_ids", "finish_reason"]))


def sampled_elsewhere(run: StageRun) -> dict[str, str]:
    """Part of the fingerprint: whether another engine sampled, since scoring and update correct it.

    The same rollouts of its engine would be scored in another way.
    """
    own = built_in_name(type(run.stage(RolloutsStage))) == RolloutsStage.name
    return {} if own else {"sampled": "elsewhere"}


class RolloutsTable(TableStage, RolloutsStage):  # type: ignore[misc]
    """Rollouts from a table; this experiment's policy scores them."""

    type: Literal["table"] = "table"  # type: ignore[assignment]

    def aligned_with(self, inputs: Mapping[str, Artifact]) -> pa.Table | None:
        """Nothing comes before them."""
        return None

    def check(self, run: StageRun, inputs: Mapping[str, Artifact], table: pa.Table) -> None:
        """Groups of problems to learn from, in tokens that the policy has.

        Raises:
            ArtifactError: The table is invalid; names the row and the column.
        """
        problems, owners = run.workspace.problems(inputs["problems"]), table["problem_id"]
        reference = run.arm.weighting.responses == "reference"
        size = 1 if reference else run.experiment.sampling.group_size
        owners, places = owners.to_pylist(), table["sample_index"].to_pylist()
        for row, owner in enumerate(owners):
            if owner not in problems:
                raise ArtifactError(
                    f"row {row}, problem_id: {owner!r} is no problem of the data set, which has "
                    f"{len(problems)}, first {next(iter(problems))!r}"
                )
            if problems[owner].split != "train":
                raise ArtifactError(
                    f"row {row}, problem_id: {owner!r} is held out, and nothing may be learnt from "
                    "it: leave its rollouts out"
                )
            if places[row] != row % size or owner != owners[row - row % size]:
                raise ArtifactError(
                    f"row {row}, sample_index: {places[row]} of {owner!r}, and a group is "
                    f"{size} rows of one problem that are numbered from 0 to {size - 1} "
                    "(sampling.group_size)"
                )
        if len(owners) % size:
            raise ArtifactError(
                f"row {len(owners) - 1}, sample_index: the last group has {len(owners) % size} "
                f"rows, and sampling.group_size is {size}"
            )
        _require_known_tokens(run, inputs["policy"], table)


def _require_known_tokens(run: StageRun, policy: Artifact, table: pa.Table) -> None:
    model = run.workspace.compute.reader(policy).model
    known = model.get_input_embeddings().num_embeddings
    for name in ("prompt_ids", "completion_ids"):
        for row, ids in enumerate(table[name].to_pylist()):
            if max(ids, default=0) >= known:
                raise ArtifactError(
                    f"row {row}, {name}: the token id {max(ids)}, and the policy has {known} "
                    "tokens: these are the ids of another tokenizer"
                )
