"""The usual reward: the weights of accuracy and format."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from rlsd_pipeline.config.strict import StrictConfig
from rlsd_pipeline.rewards.accuracy import Accuracy
from rlsd_pipeline.rewards.format import Format
from rlsd_pipeline.rewards.reward_function import RewardFunction


class RewardWeights(StrictConfig):
    """R = accuracy_weight · correct + format_weight · format_ok, as in the released script."""

    accuracy_weight: Annotated[float, Field(ge=0)] = 0.9
    """Worth of a correct answer."""

    format_weight: Annotated[float, Field(ge=0)] = 0.1
    """Worth of the asked-for format, right or wrong answer alike."""

    @property
    def parts(self) -> list[RewardFunction]:
        """The same as a list."""
        return [Accuracy(weight=self.accuracy_weight), Format(weight=self.format_weight)]


def weights_alone(parts: Sequence[RewardFunction]) -> dict[str, float] | None:
    """The reward as the weights of accuracy and format; None where it has any other part.

    Such a reward is decided by verdict and format, which have columns of their own.
    """
    plain = {
        f"{part.type}_weight": float(part.weight)
        for part in parts
        if type(part) in (Accuracy, Format) and part.name is None
    }
    if len(plain) < len(parts):
        return None
    return {"accuracy_weight": 0.0, "format_weight": 0.0} | plain
