"""What samples the responses."""

from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.config.strict import StrictConfig


class TransformersEngineConfig(StrictConfig):
    """Sampling in this process with transformers."""

    type: Literal["transformers"] = "transformers"

    batch_prompts: Annotated[int, Field(ge=1)] = 64
    """Prompts decoded together; it changes memory and speed, never the draw."""


EngineConfig = TransformersEngineConfig
