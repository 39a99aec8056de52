"""Settings of decoding: how a policy answers the questions of a benchmark."""

from typing import Annotated

from pydantic import Field, model_validator

from rlsd_pipeline.config.strict import StrictConfig


class Decoding(StrictConfig):
    """How a policy answers; greedy unless declared otherwise."""

    samples: Annotated[int, Field(ge=1)] = 1
    """Responses per question; the score is their mean (avg@k)."""

    temperature: Annotated[float, Field(ge=0)] = 0.0
    """0 takes the likeliest token."""

    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Sample from the likeliest tokens that together have this probability."""

    top_k: Annotated[int, Field(ge=1)] | None = None
    """Sample from this many likeliest tokens; null samples from all."""

    seed: int = 0
    """Seed of the samples."""

    @model_validator(mode="after")
    def _several_samples_differ(self) -> "Decoding":
        if self.samples > 1 and self.temperature == 0:
            raise ValueError(
                f"samples: {self.samples} with temperature 0 would be the same response "
                f"{self.samples} times: set a temperature"
            )
        return self
