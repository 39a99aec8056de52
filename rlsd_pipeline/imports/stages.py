"""The stages `problems`, `rollouts` and `rewards` as imports of another trainer's log.

They write the log's problems, responses and rewards as the tables of these stages, so that all
later stages work on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from rlsd_pipeline.components.component import identity
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.imports.formats import FormatConfig
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.stage import Stage
from schemas import ImportedRollout, ImportReport, Reward, Rollout

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.imports.tables import NameOf
    from rlsd_pipeline.imports.tokens import TokenReader
    from rlsd_pipeline.stages.workspace import StageRun

_VERSION = "1"


class ImportStage(Stage):
    """The base class of the imports of stages."""

    type: Literal["import"] = "import"

    decided_by = ()
    computes = False

    def implementation(self) -> dict[str, Any]:
        """That it is an import, and of what."""
        return {"implementation": identity(self) | {"version": _VERSION}}

    def seeds(self, run: StageRun) -> dict[str, int]:
        """None: nothing is drawn."""
        return {}


class ProblemsImport(ImportStage, ProblemsStage):  # type: ignore[misc]
    """The prompts of a log as problems, with their gold answers where it holds them."""

    type: Literal["import"] = "import"  # type: ignore[assignment]

    source: FormatConfig
    """The log, with its format as `type`."""

    tokens: Literal["model", "words"] = "model"
    """`words` if no model is declared; the text of the chat template then stays in the question."""

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The model, whose chat template is taken off the prompts."""
        return tokenizer_identity(run, self.tokens)

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """One problem for each prompt, and for each of its groups that the log names.

        Raises:
            DataError: The log is of another format, or cannot be read.
        """
        from rlsd_pipeline.artifacts.tables import record_table
        from rlsd_pipeline.imports.problems import logged_problems
        from rlsd_pipeline.imports.reading import token_reader
        from schemas import Problem

        run.workspace.progress.start(self.name, None, "rows")
        reader = token_reader(run, self.tokens)
        problems = logged_problems(self.source, reader, run.workspace.progress.advance)
        out.table(Problem, record_table(Problem, problems))


class RolloutsImport(ImportStage, RolloutsStage):  # type: ignore[misc]
    """The responses of a log, in the model's tokens or in words."""

    type: Literal["import"] = "import"  # type: ignore[assignment]

    writes = (Rollout, ImportedRollout, ImportReport)  # type: ignore[assignment]
    reads = ("problems",)  # type: ignore[assignment]

    source: FormatConfig
    """The log, with its format as `type`."""

    steps: list[int] = Field(default=[])
    """The trainer's steps that become iterations, from `first` on; not needed for a log of one
    step."""

    first: Annotated[int, Field(ge=0)] = 0
    """The iteration of the first of these steps."""

    tokens: Literal["model", "words"] = "model"
    """`words` if no model is declared; then nothing can be scored."""

    def step(self, run: StageRun) -> int | None:
        """The trainer's step that an iteration is.

        Raises:
            ConfigError: None is.
        """
        place = run.iteration - self.first
        if not 0 <= place < max(len(self.steps), 1):
            raise ConfigError(
                f"iteration {run.iteration:03d} is none of the imported: `stages.rollouts` makes "
                f"{self.first:03d} to {self.first + max(len(self.steps), 1) - 1:03d} of the log"
            )
        return self.steps[place] if self.steps else None

    def implementation(self) -> dict[str, Any]:
        """That it is an import, and of what; which step, `settings` says."""
        own = identity(self, without=("steps", "first")) | {"version": _VERSION}
        return {"implementation": own}

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The step, and the model's tokenizer."""
        found: dict[str, Any] = {"step": self.step(run)} | tokenizer_identity(run, self.tokens)
        if self.tokens == "model":
            found["max_tokens"] = run.experiment.sampling.max_tokens
        if not isinstance(run.stage(ProblemsStage), ProblemsImport):
            found["held_out"] = "named"
        return found

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Read the step, row by row.

        Raises:
            DataError: The log is of another format, holds no such step, or no usable row.
        """
        import pyarrow.compute as pc

        from rlsd_pipeline.imports.reading import token_reader
        from rlsd_pipeline.imports.tables import import_step

        run.workspace.progress.start(self.name, None, "rows")
        reader = token_reader(run, self.tokens)
        name_of = _names(run, inputs["problems"], self.source.name, reader)
        progress = run.workspace.progress
        found = import_step(self.source, self.step(run), name_of, reader, progress.advance)
        out.table(Rollout, found.rollouts)
        out.table(ImportedRollout, found.rows)
        out.record(found.report)
        tokens = pc.sum(pc.list_value_length(found.rollouts["completion_ids"])).as_py()
        unusable = float(sum(found.report.unusable.values()))
        out.measure(tokens=float(tokens), unusable_rows=unusable)


class RewardsImport(ImportStage, RewardsStage):  # type: ignore[misc]
    """The rewards of a log, alone or beside verdicts of this experiment's verifier."""

    type: Literal["import"] = "import"  # type: ignore[assignment]

    verify: Literal["no", "beside", "instead"] = "no"
    """`no`: the logged rewards alone. `beside`: the logged rewards count, and the verifier's are
    stored beside them. `instead`: the verifier's rewards count, and the logged ones are stored
    beside them."""

    correct_from: float | None = None
    """Without `verify`: a response with at least this logged reward counts as correct."""

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The verifier and the reward, where they are asked."""
        from rlsd_pipeline.stages.stage import plain

        extraction = identity(run.experiment.verifier, "extraction")
        if self.verify == "no":
            return {"extraction": extraction}
        return plain(run.experiment, "verifier", "reward") | super().settings(run)

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Take the logged rewards, and verify where that is asked.

        Raises:
            ConfigError: The rollouts were not imported.
            DataError: Nothing can be verified: the problems have no gold answers.
        """
        from rlsd_pipeline.artifacts.artifact import file_name
        from rlsd_pipeline.imports.rewards import imported_rewards

        rollouts = inputs["rollouts"]
        if file_name(ImportedRollout, ".parquet") not in rollouts.manifest.files:
            raise ConfigError(
                "`stages.rewards` takes the rewards of a log, and the rollouts here were not "
                "imported: declare `stages.rollouts: {type: import, ...}`, or drop it"
            )
        out.table(Reward, imported_rewards(self, run, inputs))


def tokenizer_identity(run: StageRun, tokens: str) -> dict[str, Any]:
    """The model whose tokenizer decides what is read; nothing where none does."""
    if tokens == "words":
        return {}
    from rlsd_pipeline.identity.models import model_identity

    return {"model": model_identity(run.base_model)}


def _names(run: StageRun, problems: Artifact, prefix: str, reader: TokenReader) -> NameOf:
    """How rows find their problems: by the log's own names, or among those of a data set."""
    from rlsd_pipeline.data.reading import named_test
    from rlsd_pipeline.imports.naming import ProblemNames
    from rlsd_pipeline.imports.reading import KnownProblems
    from rlsd_pipeline.stages.iteration.prompts import student_text

    implementation = problems.manifest.config.get("implementation")
    if isinstance(implementation, dict) and implementation.get("type") == "import":
        return ProblemNames(prefix).of
    known = list(run.workspace.problems(problems).values())
    prompts = {each.problem_id: str(student_text(run.experiment, each)) for each in known}
    # The trainer knew nothing of a share that is drawn here: its prompts are in the log as well.
    held_out = named_test(known, run.experiment.dataset.test_share)
    return KnownProblems(known, prompts, reader, held_out).of
