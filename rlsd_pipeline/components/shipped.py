"""A component as JSON for another process that may not see the file of a user's class."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from pydantic import BeforeValidator, PlainSerializer

from rlsd_pipeline.components.component import Component
from rlsd_pipeline.components.location import class_of, place_of


def _packed(component: Component | None) -> dict[str, Any] | None:
    if component is None:
        return None
    origin = component.origin
    code = None
    if origin is not None and origin.file is not None:
        code = b64encode(origin.code).decode()
    return {
        "class": place_of(type(component)),
        "code": code,
        "settings": component.model_dump_json(),
    }


def _unpacked(packed: Any) -> Any:
    if not isinstance(packed, dict) or packed.keys() != {"class", "code", "settings"}:
        return packed
    code = None if packed["code"] is None else b64decode(packed["code"])
    return class_of(packed["class"], code=code).model_validate_json(packed["settings"])


SHIPPED = (BeforeValidator(_unpacked), PlainSerializer(_packed))
"""Marks a field whose component travels with the code of its file."""
