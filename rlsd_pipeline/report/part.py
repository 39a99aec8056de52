"""The base of a report's parts."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import ConfigDict, Field, FiniteFloat

from schemas.documented import Documented

Count = Annotated[int, Field(ge=0)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
NonEmpty = Annotated[str, Field(min_length=1)]
Row = tuple[float, ...]


class Part(Documented):
    """A frozen, documented model that refuses unknown fields.

    Bytes are base64 and non-finite numbers strings in JSON, so that it reads back as written.
    """

    model_config = ConfigDict(
        ser_json_bytes="base64",
        val_json_bytes="base64",
        ser_json_inf_nan="strings",
    )


def check_length(name: str, values: Sequence[object] | None, of: str, length: int) -> None:
    """Refuse a list that is not aligned with another one."""
    if values is not None and len(values) != length:
        raise ValueError(f"{name} has {len(values)} entries beside {length} {of}")
