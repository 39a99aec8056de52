"""Settings of a judge: a model behind an HTTP endpoint that reads unparsed answers."""

from typing import Annotated

from pydantic import Field

from rlsd_pipeline.config.endpoint import EndpointConfig


class JudgeConfig(EndpointConfig):
    """An OpenAI-compatible endpoint that extracts answers; it never sees the gold answer."""

    max_tokens: Annotated[int, Field(ge=1)] = 256
    """Token limit of a reply; a model that thinks first needs more."""
