"""What a response is worth."""

from typing import Annotated

from pydantic import Field, model_validator

from rlsd_pipeline.config.strict import StrictConfig


class RewardConfig(StrictConfig):
    """R = accuracy_weight · correct + format_weight · format_ok, as in the released script."""

    accuracy_weight: Annotated[float, Field(ge=0)] = 0.9
    """Worth of a correct answer."""

    format_weight: Annotated[float, Field(ge=0)] = 0.1
    """Worth of the asked-for format, right or wrong answer alike."""

    @model_validator(mode="after")
    def _something_is_rewarded(self) -> "RewardConfig":
        if self.accuracy_weight == self.format_weight == 0:
            raise ValueError("accuracy_weight and format_weight are both 0: nothing is rewarded")
        return self
