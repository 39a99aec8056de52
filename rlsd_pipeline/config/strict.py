"""The base of every configuration model: frozen, and strict about its keys."""

from pydantic import BaseModel, ConfigDict


class StrictConfig(BaseModel):
    """A frozen configuration in which an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
