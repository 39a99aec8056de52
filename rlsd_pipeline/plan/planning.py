"""Makes the plan of an experiment: the cost of every method on given hardware, and its fit."""

from dataclasses import dataclass

from rlsd_pipeline.config.experiment import Arm, ExperimentConfig
from rlsd_pipeline.config.hardware import HardwareConfig
from rlsd_pipeline.config.teacher import ModelTeacher
from rlsd_pipeline.credit.columns import BASE
from rlsd_pipeline.plan.architecture import Architecture, read_architecture
from rlsd_pipeline.plan.disk import Disk, Written, run_disk, written
from rlsd_pipeline.plan.evaluation import Evaluation, evaluation
from rlsd_pipeline.plan.fitting import Misfit, find_misfits
from rlsd_pipeline.plan.layout import Layout, layout
from rlsd_pipeline.plan.memory import Demand, Engine, Phase, divide, phases
from rlsd_pipeline.plan.operations import Operations, operations
from rlsd_pipeline.plan.timing import Setting, stage_seconds
from rlsd_pipeline.plan.workload import Workload, workload


@dataclass(frozen=True)
class MethodPlan:
    """One method; its seeds take the same.

    Attributes:
        method: Name that the arms of all seeds share.
        seeds: How many.
        work: Prompts and responses of an iteration.
        operations: Operations of an iteration.
        seconds: Seconds of an iteration by stage.
        written: By an iteration.
        disk: Disk of one seed's whole run.
        phases: Memory of a device.
        engine: Room for keys and values while sampling.
        misfits: What does not fit, and what would.
    """

    method: str
    seeds: int
    work: Workload
    operations: Operations
    seconds: dict[str, float]
    written: Written
    disk: Disk
    phases: list[Phase]
    engine: Engine
    misfits: list[Misfit]


@dataclass(frozen=True)
class Plan:
    """The plan of an experiment.

    Attributes:
        name: Name of the experiment.
        hardware: What it is planned for.
        architecture: The policy.
        frozen: Parameters that the update leaves alone.
        trained: Parameters that it changes: an adapter's where one is trained.
        spread: How the first method lies on the devices; the others differ in micro-batches alone.
        methods: Each method.
        evaluation: Cost of one policy on every benchmark.
        evaluations: Policies of one arm that are evaluated.
        iterations: Updates of one arm.
    """

    name: str
    hardware: HardwareConfig
    architecture: Architecture
    frozen: int
    trained: int
    spread: Layout
    methods: list[MethodPlan]
    evaluation: Evaluation
    evaluations: int
    iterations: int

    @property
    def phases(self) -> list[Phase]:
        """The memory of each phase, for the method that takes most."""
        return [
            max((method.phases[place] for method in self.methods), key=lambda phase: phase.total)
            for place, _ in enumerate(self.methods[0].phases)
        ]

    @property
    def seconds(self) -> float:
        """The time of all arms one after the other, with their evaluations."""
        evaluated = self.evaluations * self.evaluation.seconds
        return sum(
            method.seeds * (self.iterations * sum(method.seconds.values()) + evaluated)
            for method in self.methods
        )

    @property
    def everything(self) -> int:
        """Bytes of all artifacts without garbage collection, the base policy included."""
        return self._base + sum(each.seeds * each.disk.everything for each in self.methods)

    @property
    def collected(self) -> int:
        """Bytes of all artifacts with garbage collection."""
        return self._base + sum(each.seeds * each.disk.collected for each in self.methods)

    @property
    def peak(self) -> int:
        """The most bytes that a run takes, whose arms are trained one after the other."""
        left = sum(each.seeds * each.disk.left for each in self.methods)
        return self._base + left + max(each.disk.waiting for each in self.methods)

    @property
    def refusals(self) -> list[str]:
        """The phases that cannot run as declared, with what would make them fit."""
        lacking: dict[Misfit, list[str]] = {}
        for method in self.methods:
            for misfit in method.misfits:
                lacking.setdefault(misfit, []).append(method.method)
        found = [misfit.of(methods) for misfit, methods in lacking.items()]
        room = self.hardware.disk_gb
        if self.spread.devices > self.hardware.devices:
            found.insert(
                0,
                f"the declared compute takes {self.spread.devices} devices, the declared hardware "
                f"has {self.hardware.devices}: make the two agree",
            )
        if room is not None and self.collected > room * 1e9:
            found.append(
                f"artifacts take {self.collected / 1e9:,.0f} GB even with garbage collection, and "
                f"the declared disk has {room:,.0f}: declare fewer seeds or arms, or evaluate less "
                "often (evaluation.every), since every policy that is evaluated is kept"
            )
        return found

    @property
    def _base(self) -> int:
        return self.architecture.parameters * self.spread.base_bytes


def make_plan(name: str, experiment: ExperimentConfig, hardware: HardwareConfig) -> Plan:
    """Plan every method of an experiment.

    Raises:
        ModelError: A model's configuration cannot be found, or is of a kind that is not planned.
    """
    architecture = read_architecture(experiment.model)
    arms: dict[str, list[Arm]] = {}
    for arm in experiment.lineages().values():
        arms.setdefault(arm.method, []).append(arm)
    methods = [_method(experiment, hardware, architecture, each) for each in arms.values()]
    spread = layout(experiment, next(iter(arms.values()))[0])
    frozen, trained = divide(architecture, spread)
    figures, assumed = hardware.figures, experiment.assumptions
    setting = Setting(architecture, spread, methods[0].engine, figures, assumed)
    every, last = experiment.evaluation.every, experiment.iterations
    return Plan(
        name=name,
        hardware=hardware,
        architecture=architecture,
        frozen=frozen,
        trained=trained,
        spread=spread,
        methods=methods,
        evaluation=evaluation(experiment, setting),
        evaluations=len({0, *range(every, last + 1, every), last}),
        iterations=last,
    )


def _method(
    experiment: ExperimentConfig,
    hardware: HardwareConfig,
    architecture: Architecture,
    arms: list[Arm],
) -> MethodPlan:
    arm = arms[0]
    spread, work, teacher = layout(experiment, arm), workload(experiment, arm), architecture
    if isinstance(arm.teacher, ModelTeacher):
        teacher = read_architecture(arm.teacher.model)
    asked = teacher.parameters if arm.reads_teacher else 0
    if BASE in arm.columns:
        asked = max(asked, architecture.parameters)
    demand = Demand(architecture, asked, work, _longest_image(experiment, architecture))
    held, engine = phases(demand, spread, hardware)
    needed = operations(architecture, teacher, work, spread, arm.update.epochs)
    one = written(arm, architecture, work, spread)
    setting = Setting(architecture, spread, engine, hardware.figures, experiment.assumptions)
    return MethodPlan(
        method=arm.method,
        seeds=len(arms),
        work=work,
        operations=needed,
        seconds=stage_seconds(setting, work, needed, one.total),
        written=one,
        disk=run_disk(experiment, one),
        phases=held,
        engine=engine,
        misfits=find_misfits(demand, spread, hardware),
    )


def _longest_image(experiment: ExperimentConfig, architecture: Architecture) -> int:
    """Tokens of the largest image that the processor lets through; at most a whole prompt."""
    longest = experiment.sampling.max_prompt_tokens
    if architecture.vision is None:
        return 0
    pixels = getattr(experiment.model, "max_pixels", None)
    if pixels is None:
        return longest
    return min(longest, pixels // architecture.vision.pixels_per_token)
