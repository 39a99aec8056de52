"""The model of an experiment's YAML: everything that decides what is computed."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from rlsd_pipeline.advantages import AdvantagesConfig
from rlsd_pipeline.advantages.standardised import Standardised
from rlsd_pipeline.components.component import short_name
from rlsd_pipeline.config.compute import ComputeConfig, LocalCompute
from rlsd_pipeline.config.contexts import ContextsConfig
from rlsd_pipeline.config.document import read_document
from rlsd_pipeline.config.evaluation import EvaluationConfig
from rlsd_pipeline.config.hardware import AssumptionsConfig, HardwareConfig
from rlsd_pipeline.config.model import ModelConfig, TinyQwen3VL
from rlsd_pipeline.config.prompts import PromptsConfig
from rlsd_pipeline.config.retention import RetentionConfig
from rlsd_pipeline.config.reward import RewardConfig
from rlsd_pipeline.config.strict import StrictConfig, validate
from rlsd_pipeline.config.teacher import ModelTeacher, SyncedTeacher, TeacherConfig
from rlsd_pipeline.config.token_values import TokenValuesConfig
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.credit.columns import COLUMNS, PRIVILEGED, SIBLINGS
from rlsd_pipeline.data.sources import DatasetConfig
from rlsd_pipeline.data.sources.easy_vqa import EasyVQADataset
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.privileged import Privileged
from rlsd_pipeline.privileged.kinds.answer import Answer
from rlsd_pipeline.rewards.usual import RewardWeights
from rlsd_pipeline.rollouts.engines import EngineConfig
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.stages.config import StagesConfig
from rlsd_pipeline.tracking.trackers import TrackerConfig
from rlsd_pipeline.verifiers import VerifierConfig
from rlsd_pipeline.verifiers.exact import ExactVerifier
from rlsd_pipeline.weighting import WeightingConfig

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class SamplingConfig(StrictConfig):
    """Settings of sampling rollouts; the defaults are the paper's."""

    prompts: Annotated[int, Field(ge=1)] = 256
    """Problems of one iteration."""

    group_size: Annotated[int, Field(ge=2)] = 8
    """Responses per problem (G)."""

    max_prompt_tokens: Annotated[int, Field(ge=1)] = 4096
    """A longer prompt, image tokens included, is refused."""

    max_tokens: Annotated[int, Field(ge=1)] = 4096
    """Budget of one response."""

    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Temperature of sampling, scoring and the update alike."""


class ArmConfig(StrictConfig):
    """A weighting with its seeds; each seed is one arm, a training of its own."""

    name: str | None = None
    """Name of the method; by default the weighting's type, or its class in snake case."""

    weighting: WeightingConfig
    """The method that gives tokens their credit."""

    advantages: AdvantagesConfig | None = None
    """Replaces the experiment's advantage estimator."""

    seeds: list[Annotated[int, Field(ge=0)]] = Field(default=[0], min_length=1)
    """Seeds; each draws its own problems and responses. Arms of one seed share equal artifacts."""

    teacher: TeacherConfig | None = None
    """Replaces the experiment's teacher."""

    privileged: Privileged | None = None
    """Replaces the method's own privileged context, or the experiment's."""

    update: UpdateConfig | None = None
    """Replaces the experiment's update settings."""

    def located(self, folder: Path) -> "ArmConfig":
        """The same, with the relative path of its teacher's model resolved against a folder."""
        if not isinstance(self.teacher, ModelTeacher):
            return self
        return self.model_copy(update={"teacher": self.teacher.located(folder)})

    @property
    def method(self) -> str:
        """Name that the arms of all its seeds share."""
        return self.name or short_name(self.weighting)

    @model_validator(mode="before")
    @classmethod
    def _grpo_names_its_advantages(cls, declared: Any) -> Any:
        """`weighting: {type: grpo, advantages: centred}` is the arm's choice under another name."""
        weighting = declared.get("weighting") if isinstance(declared, dict) else None
        if not isinstance(weighting, dict) or weighting.get("type") != "grpo":
            return declared
        if "advantages" not in weighting:
            return declared
        if declared.get("advantages") is not None:
            raise ValueError(
                "`advantages` is declared both beside `weighting` and in it: drop the one in it"
            )
        kept = {key: value for key, value in weighting.items() if key != "advantages"}
        return declared | {"weighting": kept, "advantages": {"type": weighting["advantages"]}}

    @model_validator(mode="after")
    def _another_model_teaches_opd(self) -> "ArmConfig":
        if self.weighting.type == "opd" and not isinstance(self.teacher, ModelTeacher):
            raise ValueError(
                "`opd` distils another model: give the arm `teacher: {type: model, model: ...}`"
            )
        return self

    @field_validator("seeds")
    @classmethod
    def _seeds_are_distinct(cls, seeds: list[int]) -> list[int]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("a seed is named twice, which gives the same arm twice: drop one")
        return seeds


class Arm(StrictConfig):
    """One training lineage: a weighting and a seed."""

    name: str
    method: str
    """Name that the arms of all seeds share."""
    weighting: WeightingConfig
    advantages: AdvantagesConfig = Standardised()
    seed: int
    teacher: TeacherConfig
    privileged: Privileged
    update: UpdateConfig
    token_values: TokenValuesConfig = TokenValuesConfig()
    also_scored: frozenset[str] = frozenset()
    """Columns that `logprobs` computes beside those that the method reads."""

    @property
    def columns(self) -> frozenset[str]:
        """The columns of a token that are made for it, by name."""
        return self.weighting.columns | self.also_scored

    @property
    def learns_from_itself(self) -> bool:
        """Whether the responses of its iterations are its policy's, and not the data set's."""
        return self.weighting.responses == "sampled"

    @property
    def reads_teacher(self) -> bool:
        """Whether a teacher makes one of its columns."""
        return any(COLUMNS[name].of == "teacher" for name in self.columns)

    @property
    def shows_privileged(self) -> bool:
        """Whether a teacher is asked in the privileged context."""
        return bool(self.columns & PRIVILEGED)

    @property
    def teacher_reads_rewards(self) -> bool:
        """Whether what a teacher sees depends on the verdicts on the rollouts."""
        shown = self.shows_privileged and self.privileged.reads_rewards
        return shown or bool(self.columns & SIBLINGS)


class ExperimentConfig(StrictConfig):
    """A declared experiment: one YAML file."""

    description: str = ""
    """Free text about the experiment."""

    dataset: DatasetConfig = EasyVQADataset()
    """The source of the problems."""

    model: ModelConfig = TinyQwen3VL()
    """The model that training starts from."""

    prompts: PromptsConfig = PromptsConfig()
    engine: EngineConfig = TransformersEngine()
    """The engine that samples responses."""

    sampling: SamplingConfig = SamplingConfig()
    verifier: VerifierConfig = ExactVerifier()
    """The rule that judges responses, for the reward and the held-out benchmark alike."""

    reward: RewardConfig = RewardWeights().parts
    """The parts of the reward; R is their weighted sum. Unless declared, accuracy weighs 0.9 and
    format 0.1."""

    teacher: TeacherConfig = SyncedTeacher()
    """The teacher of the arms that declare none of their own."""

    privileged: Privileged = Answer()
    """What the teacher sees and the student does not."""

    advantages: AdvantagesConfig = Standardised()
    """Advantage estimator of the arms that declare none of their own."""

    update: UpdateConfig = UpdateConfig()
    arms: list[ArmConfig] = Field(min_length=1)
    iterations: Annotated[int, Field(ge=1, le=99_999)] = 200
    """Updates of each arm."""

    token_values: TokenValuesConfig = TokenValuesConfig()
    contexts: ContextsConfig = ContextsConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    compute: ComputeConfig = LocalCompute()
    """The place where heavy work runs."""

    hardware: HardwareConfig | None = None
    """The machines that the experiment needs; null means any machine."""

    assumptions: AssumptionsConfig = AssumptionsConfig()
    stages: StagesConfig = StagesConfig()
    """Replacements of stages: a class of your own, a table, or an import."""

    retention: RetentionConfig = RetentionConfig()
    trackers: list[TrackerConfig] = Field(default=[])
    """Trackers that also receive the metrics of every stage."""

    @field_validator("arms")
    @classmethod
    def _arms_are_distinct(cls, arms: list[ArmConfig]) -> list[ArmConfig]:
        names = [arm.method for arm in arms]
        for name in names:
            if not NAME.fullmatch(name):
                raise ValueError(f"the arm name {name!r} must match {NAME.pattern}")
            if names.count(name) > 1:
                raise ValueError(f"two arms are called {name!r}: give one of them another `name`")
        return arms

    @model_validator(mode="after")
    def _warm_start_has_its_data(self) -> "ExperimentConfig":
        if isinstance(self.model, TinyQwen3VL) and self.dataset.seen_by_warm_start is None:
            raise ValueError(
                "the model `tiny_qwen3_vl` is warm-started on easy-VQA and fits no other data set: "
                "with another data set use `model: {type: pretrained, name: ...}` or `gguf`"
            )
        return self

    @model_validator(mode="after")
    def _a_server_serves_one_arm_at_a_time(self) -> "ExperimentConfig":
        processes = self.compute.processes
        if self.engine.serves_one_policy and processes > 1:
            raise ValueError(
                f"compute.processes: {processes} would load the weights of several arms into "
                "one server at a time: set it to 1, or declare `engine: {type: vllm}`; an engine "
                "of your own that can do it says so by its property `serves_one_policy`"
            )
        return self

    def located(self, folder: Path) -> "ExperimentConfig":
        """The same experiment, with relative paths resolved against the YAML's folder.

        Raises:
            ConfigError: The manifest of a Ray cluster is invalid, or its cluster is too small.
        """
        found: dict[str, object] = {"model": self.model.located(folder)}
        found["dataset"] = self.dataset.located(folder)
        found["compute"] = self.compute.located(folder)
        if isinstance(self.teacher, ModelTeacher):
            found["teacher"] = self.teacher.located(folder)
        found["arms"] = [arm.located(folder) for arm in self.arms]
        return self.model_copy(update=found)

    @property
    def compared_with(self) -> str:
        """The method that the others are compared with: the first GRPO, or the first method."""
        names = [arm.method for arm in self.arms]
        plain = [n for n, arm in zip(names, self.arms, strict=True) if arm.weighting.type == "grpo"]
        return (plain or names)[0]

    def lineages(self) -> dict[str, Arm]:
        """Arm name (`rlsd-s0`) -> arm, in the declared order."""
        found = {}
        for declared in self.arms:
            # Once for all its seeds: an experiment may have a hundred of them.
            method = declared.method
            token_values = declared.weighting.valued_by(self.token_values)
            for seed in declared.seeds:
                arm = Arm(
                    name=f"{method}-s{seed}",
                    method=method,
                    weighting=declared.weighting,
                    advantages=declared.advantages or self.advantages,
                    seed=seed,
                    teacher=declared.teacher or self.teacher,
                    privileged=declared.privileged
                    or declared.weighting.privileged
                    or self.privileged,
                    update=declared.update or self.update,
                    token_values=token_values,
                )
                found[arm.name] = arm
        return found

    def methods(self) -> dict[str, list[Arm]]:
        """Method name -> its arms, one a seed, in the declared order."""
        found: dict[str, list[Arm]] = {}
        for arm in self.lineages().values():
            found.setdefault(arm.method, []).append(arm)
        return found


def load_experiment(path: Path) -> ExperimentConfig:
    """Read an experiment's YAML file.

    Raises:
        ConfigError: The file cannot be read, is no YAML mapping, says something twice or declares
            something unknown, or a file that it names is not what it must be.
    """
    document = read_document(path)
    declared, source = document.value, str(path)
    if not isinstance(declared, dict) or not {"type", "attributes"} <= declared.keys():
        raise ConfigError(f"{source}: expected the keys `type` and `attributes` at the top")
    for key in declared:
        if key not in ("type", "attributes"):
            hint = (
                f"`{key}` belongs below `attributes`"
                if key in ExperimentConfig.model_fields
                else "only `type` and `attributes` stand at the top"
            )
            raise ConfigError(
                f"{source}: {key}: unknown key beside `attributes` (line {document.line([key])}); "
                f"{hint}"
            )
    experiment = validate(
        ExperimentConfig,
        declared["attributes"],
        source=source,
        path="attributes",
        line_of=lambda place: document.line(["attributes", *place]),
        folder=path.parent,
    )
    return experiment.located(path.parent)
