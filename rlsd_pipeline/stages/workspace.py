"""The workspace of stages: the experiment, the store, and the policies in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest, ArtifactStore, ArtifactWriter
from rlsd_pipeline.artifacts.tables import rows
from rlsd_pipeline.compute.launcher import Launcher, SubprocessLauncher
from rlsd_pipeline.config.experiment import Arm, ExperimentConfig
from rlsd_pipeline.config.model import AnyModel
from rlsd_pipeline.errors import ArtifactError, ConfigError
from rlsd_pipeline.progress import Progress, Silent
from rlsd_pipeline.stages.registry import stage_of
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.stages.upkeep.reasons import reason
from rlsd_pipeline.tracking.tracking import Tracking
from rlsd_pipeline.verifiers.verifier import Verifier
from schemas import CreditFidelity, Problem, WeightingComparison

if TYPE_CHECKING:
    from rlsd_pipeline.compute.compute import Compute
    from rlsd_pipeline.models.pool import PolicyPool

S = TypeVar("S", bound=Stage)


@dataclass
class Workspace:
    """One experiment in one process; it loads a model library once something is to be computed.

    Attributes:
        name: Name of the experiment, the first part of every reference.
        experiment: What is declared.
        store: Where artifacts are kept.
        progress: Told what runs.
        tracking: Told what came out.
    """

    name: str
    experiment: ExperimentConfig
    store: ArtifactStore
    progress: Progress = field(default_factory=Silent)
    tracking: Tracking = field(default_factory=Tracking)
    _problems: dict[str, dict[str, Problem]] = field(default_factory=dict)

    @cached_property
    def verifier(self) -> Verifier:
        """The one verifier of rewards and benchmarks."""
        return self.experiment.verifier

    @cached_property
    def pool(self) -> PolicyPool:
        """Policies in memory.

        Raises:
            ConfigError: The declared device does not exist.
        """
        from rlsd_pipeline.compute.build import build_pool

        return build_pool(self.experiment.compute)

    @cached_property
    def compute(self) -> Compute:
        """The place of computation."""
        from rlsd_pipeline.compute.build import build_compute

        return build_compute(self.experiment.compute, self.pool, self.store)

    @cached_property
    def _lineages(self) -> dict[str, Arm]:
        return self.experiment.lineages()

    def over(self, store: ArtifactStore) -> Workspace:
        """The same experiment over another store, with the same policies in memory.

        Trackers are told nothing of what it makes.
        """
        other = replace(self, store=store, tracking=Tracking())
        other.verifier, other.pool, other.compute = self.verifier, self.pool, self.compute
        return other

    def problems(self, artifact: Artifact) -> dict[str, Problem]:
        """Problem id -> problem, in the table's order; the two latest tables are kept."""
        if artifact.digest not in self._problems:
            table = artifact.table(Problem)
            latest = list(self._problems.items())[-1:]
            read = {problem.problem_id: problem for problem in rows(Problem, table)}
            self._problems = {**dict(latest), artifact.digest: read}
        return self._problems[artifact.digest]

    def stage(self, stage: type[S]) -> S:
        """The object of a stage that the experiment declares, or the stage's own."""
        return self.experiment.stages.of(stage)

    def whole(self, **options: Any) -> StageRun:
        """The stage run of stages that the experiment has once; they read no arm."""
        return StageRun(self, next(iter(self._lineages.values())), 0, **options)

    def at(self, arm: str, iteration: int, **options: Any) -> StageRun:
        """The place of an arm's iteration.

        Raises:
            ConfigError: The experiment declares no such arm or iteration.
        """
        lineages = self._lineages
        if arm not in lineages:
            raise ConfigError(f"{self.name} has no arm {arm!r}; it has {', '.join(lineages)}")
        if not 0 <= iteration <= self.experiment.iterations:
            raise ConfigError(
                f"{self.name} has the iterations 0 to {self.experiment.iterations - 1}, and not "
                f"{iteration}: ask for one of them, or raise `iterations` in its YAML"
            )
        return StageRun(self, lineages[arm], iteration, **options)


@dataclass(frozen=True)
class StageRun:
    """One arm at one iteration.

    Attributes:
        workspace: The experiment in this process.
        arm: The training lineage.
        iteration: Updates made before; the policy of iteration k has had k.
        recompute: Compute even what the store already holds.
        draw: Draw of the rollouts; 0 unless a user asks for a fresh one.
        launcher: Starts the processes of an update on several devices.
    """

    workspace: Workspace
    arm: Arm
    iteration: int
    recompute: bool = False
    draw: int = 0
    launcher: Launcher = field(default_factory=SubprocessLauncher)

    @property
    def experiment(self) -> ExperimentConfig:
        """The declared experiment."""
        return self.workspace.experiment

    @property
    def base_model(self) -> AnyModel:
        """The model that the arm begins with; it may depend on the seed."""
        return self.experiment.model.of_seed(self.arm.seed)

    def reference(self, stage: str, iteration: int | None = None) -> str:
        """Name under which the store knows a stage's artifact."""
        known = stage_of(stage)
        if known is not None and known.scope == "experiment":
            return f"{self.workspace.name}/{stage}"
        at = self.iteration if iteration is None else iteration
        return f"{self.workspace.name}/{self.arm.name}/{at:03d}/{stage}"

    def read(self, stage: str, iteration: int | None = None) -> Artifact:
        """The artifact of a stage; a lost policy is found again in the checkpoint before it.

        Raises:
            ArtifactError: The stage has not been run here, or its reference is damaged.
        """
        name, at = self.reference(stage, iteration), self.iteration
        at = at if iteration is None else iteration
        if stage == "policy" and at > 0:
            artifact = self.workspace.store.intact_ref(name) or self._publish_again(at)
        else:
            artifact = self.workspace.store.ref(name)
        if artifact is None:
            raise ArtifactError(
                f"there is no artifact {name} (experiment/arm/iteration/stage): "
                f"{self._way_to(stage, at)}"
            )
        return artifact

    def _way_to(self, stage: str, iteration: int) -> str:
        """The command that makes a missing artifact."""
        from rlsd_pipeline.imports.stages import RolloutsImport
        from rlsd_pipeline.stages.iteration.alignment import IN_WORDS
        from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage

        declared = self.workspace.stage(RolloutsStage)
        if isinstance(declared, RolloutsImport):
            if stage in ("problems", "rollouts", "rewards"):
                return "`rlsd import` makes it of the log that `stages` declares"
            if declared.tokens == "words":
                return IN_WORDS
        elif stage == "policy" and iteration > 0:
            experiment, arm, before = self.workspace.name, self.arm.name, f"{iteration - 1:03d}"
            return (
                f"policy_checkpoint {before} publishes it. Materialize "
                f"{experiment}/policy_checkpoint at {arm}|{before} first, or train the arm, as "
                f"`rlsd train {experiment} --arm {arm}` does"
            )
        first = stage.split(".")[0]
        return f"materialize {first} there first, as `rlsd train` with --arm {self.arm.name} does"

    def _publish_again(self, iteration: int) -> Artifact | None:
        """Set the policy of an iteration to the previous checkpoint, if that exists."""
        store = self.workspace.store
        made = store.ref(self.reference("policy_checkpoint", iteration - 1))
        if made is not None:
            store.set_ref(self.reference("policy", iteration), made)
        return made

    def kept_draw(self) -> int:
        """The stored draw of the rollouts; 0 if there is none yet.

        Raises:
            DamagedError: The reference is damaged, so the draw is not known.
        """
        artifact = self.workspace.store.ref(self.reference("rollouts"))
        return 0 if artifact is None else artifact.manifest.seeds.get("draw", 0)

    def as_drawn(self, draw: int | None = None) -> Self:
        """The same place with a draw of the rollouts; None takes the stored one."""
        return replace(self, draw=self.kept_draw() if draw is None else draw)

    def stage(self, stage: type[S]) -> S:
        """The object of a stage that the experiment declares, or the stage's own."""
        return self.workspace.stage(stage)

    def make(self, stage: type[Stage]) -> Artifact:
        """The artifact of a stage here, from the store or computed.

        Raises:
            RlsdError: An input is missing or does not fit, or the work is refused.
        """
        return self.stage(stage).make(self)

    def fidelity(self) -> CreditFidelity:
        """How near every method's credit comes to what this iteration's tokens were worth.

        What is not there of it is computed: token values first, then the comparison.

        Raises:
            RlsdError: The iteration has no rollouts, rewards or log-probabilities.
        """
        from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
        from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage

        self.make(TokenValuesStage)
        found = self.make(WeightingComparisonStage).record(WeightingComparison).fidelity
        assert found is not None
        return found

    def teacher(self) -> Artifact:
        """The weights that would teach here, whether the arm's method asks them or not."""
        from rlsd_pipeline.stages.iteration.teacher import teacher_policy

        return teacher_policy(self)

    def produce(
        self,
        request: ArtifactRequest,
        write: Callable[[ArtifactWriter], None],
    ) -> Artifact:
        """The artifact of a request, from the store or computed, under its stage's reference."""

        def counted(out: ArtifactWriter) -> None:
            compute = self.workspace.compute
            before = compute.recomputed
            write(out)
            if again := compute.recomputed - before:
                out.measure(pieces_recomputed=float(again))

        store, name = self.workspace.store, self.reference(request.stage)
        former = store.intact_ref(name)
        artifact = store.produce(request, counted, recompute=self.recompute)
        store.set_ref(name, artifact)
        return replace(artifact, why=reason(self, former, request, artifact))

    def report(self, stage: Stage, artifact: Artifact) -> None:
        """Tell the trackers, of a hit as well: the run that computed it may have been another."""
        self.workspace.tracking.log(self.arm.name, self.iteration, artifact, stage)
