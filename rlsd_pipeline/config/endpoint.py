"""A server that answers over HTTP in OpenAI's format."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from rlsd_pipeline.config.strict import StrictConfig


class EndpointConfig(StrictConfig):
    """Settings of an endpoint: its URL, the model, time limit and attempts."""

    base_url: str
    """The URL before `/completions` and the like, such as `http://localhost:8000/v1`."""

    model: Annotated[str, Field(min_length=1)]
    """The model's name at the endpoint."""

    api_key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """Environment variable that holds the key; null for an endpoint without a key."""

    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0
    """Time limit of one attempt; a server that stalls within its reply gets the same time again."""

    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Requests at the same time."""

    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """Further attempts after a time-out, a lost connection, HTTP 429 or 5xx."""

    @field_validator("base_url")
    @classmethod
    def _is_a_plain_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http or https address, such as http://localhost:8000/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must hold no user, key, query or fragment; a key goes to api_key_env")
        return url.rstrip("/")


class JudgeConfig(EndpointConfig):
    """An OpenAI-compatible endpoint that extracts answers; it never sees the gold answer."""

    max_tokens: Annotated[int, Field(ge=1)] = 256
    """Token limit of a reply; a model that thinks first needs more."""
