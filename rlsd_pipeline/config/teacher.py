"""Who the teacher is, and what it sees that the student does not."""

from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.config.strict import StrictConfig


class LiveTeacher(StrictConfig):
    """The weights that sampled the rollouts."""

    type: Literal["live"] = "live"

    def iteration(self, iteration: int) -> int:
        """The iteration whose policy teaches."""
        return iteration


class SyncedTeacher(StrictConfig):
    """The policy of the last iteration divisible by `every`.

    It is read from that iteration's artifact, so going on after an interruption changes nothing.
    """

    type: Literal["synced"] = "synced"

    every: Annotated[int, Field(ge=1)] = 10
    """Iterations between two synchronisations; the paper has 10, the released script 20."""

    def iteration(self, iteration: int) -> int:
        """The iteration whose policy teaches."""
        return iteration - iteration % self.every


TeacherConfig = Annotated[LiveTeacher | SyncedTeacher, Field(discriminator="type")]

Privileged = Literal["answer", "solution", "none"]
"""What the teacher's prompt adds: the final answer, the reference solution, or nothing."""
