"""The declared teacher: live, frozen, synced, averaged or another model."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.config.model import ModelConfig
from rlsd_pipeline.config.strict import StrictConfig


class LiveTeacher(StrictConfig):
    """The weights that sampled the rollouts."""

    type: Literal["live"] = "live"

    def iteration(self, iteration: int) -> int:
        """The iteration whose policy teaches."""
        return iteration


class FrozenTeacher(StrictConfig):
    """The base model, in every iteration."""

    type: Literal["frozen"] = "frozen"

    def iteration(self, iteration: int) -> int:
        """The iteration whose policy teaches."""
        return 0


class SyncedTeacher(StrictConfig):
    """The policy of the last iteration divisible by `every`.

    It is read from that iteration's artifact, so an interruption does not change it.
    """

    type: Literal["synced"] = "synced"

    every: Annotated[int, Field(ge=1)] = 10
    """Iterations between two synchronisations; the paper has 10, the released script 20."""

    def iteration(self, iteration: int) -> int:
        """The iteration whose policy teaches."""
        return iteration - iteration % self.every


class EMATeacher(StrictConfig):
    """The exponential moving average of the policies so far; the base model at the start.

    teacher_k = (1 - rate) teacher_{k-1} + rate policy_k, kept as an artifact of each iteration.
    """

    type: Literal["ema"] = "ema"

    rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Weight of the newest policy."""


class ModelTeacher(StrictConfig):
    """Another model that never changes; it must have the student's tokenizer."""

    type: Literal["model"] = "model"

    model: ModelConfig
    """The teacher's model."""

    def located(self, folder: Path) -> "ModelTeacher":
        """The same, with the relative path of a local model resolved against a folder."""
        return self.model_copy(update={"model": self.model.located(folder)})


TeacherConfig = Annotated[
    LiveTeacher | FrozenTeacher | SyncedTeacher | EMATeacher | ModelTeacher,
    Field(discriminator="type"),
]
