"""The type of a config field that declares one component of a kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, ValidationError, ValidationInfo
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from rlsd_pipeline.components.component import Component, built_in_name
from rlsd_pipeline.components.located import folder_of
from rlsd_pipeline.components.location import class_of, is_location, located_type
from rlsd_pipeline.errors import ConfigError


class OneOf:
    """Marks a field of a kind: a built-in component by its name, or a user's by its place.

    Args:
        kind: The base class.
        members: The built-in ones.
    """

    def __init__(self, kind: type[Component], members: Sequence[type[Component]]) -> None:
        self.kind = kind
        self.members = members
        self._own: dict[str, type[Component]] = {}

    def own(self, step: str | int) -> type[Component] | None:
        """A user's class, by the step of an error's location that names it."""
        return self._own.get(str(step))

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        union: Any = reduce(or_, self.members)
        if len(self.members) > 1:
            union = Annotated[union, Field(discriminator="type")]
        return core_schema.with_info_wrap_validator_function(
            self._validated,
            handler.generate_schema(union),
            # By the class of the value, which may be none of the union.
            serialization=core_schema.simple_ser_schema("any"),
        )

    def _validated(
        self, value: Any, handler: Callable[[Any], Any], info: ValidationInfo
    ) -> Component:
        if isinstance(value, self.kind):
            return value
        declared = value.get("type") if isinstance(value, Mapping) else None
        if not isinstance(declared, str) or not is_location(declared):
            checked: Component = handler(value)
            return checked
        declared, found = self._found(declared, info)
        if (name := built_in_name(found)) is not None and found in self.members:
            return self._validated({**value, "type": name}, handler, info)
        self._own[declared] = found
        settings = {**value, "type": declared}
        try:
            if info.mode == "json":
                return found.model_validate_json(json.dumps(settings), context=info.context)
            return found.model_validate(settings, context=info.context)
        except ValidationError as error:
            raise ValidationError.from_exception_data(
                found.__name__, [_below(declared, details) for details in error.errors()]
            ) from error

    def _found(self, declared: str, info: ValidationInfo) -> tuple[str, type[Component]]:
        """A user's class of this kind, with its place."""
        kind = self.kind
        try:
            located = located_type(declared, folder_of(info))
            found = class_of(located)
        except ConfigError as error:
            raise ValueError(f"type {declared!r}: {error}") from error
        base = f"{kind.__module__}.{kind.__qualname__}"
        if not issubclass(found, kind):
            raise ValueError(
                f"type {declared!r}: {found.__name__} is no {kind.component_kind}: make it a "
                f"subclass of {base}"
            )
        missing = sorted(getattr(found, "__abstractmethods__", ()))
        if all(getattr(found, name) is getattr(kind, name) for name in kind.at_least_one):
            missing += [" or ".join(kind.at_least_one)] * bool(kind.at_least_one)
        if missing:
            raise ValueError(
                f"type {declared!r}: {found.__name__} lacks {', '.join(missing)}: define what "
                f"{base} requires"
            )
        return located, found


def _below(declared: str, details: Any) -> InitErrorDetails:
    """An error of a user's component, at a place that names it."""
    kind: str | PydanticCustomError = details["type"]
    context = details.get("ctx", {})
    return InitErrorDetails(
        type=kind, loc=(declared, *details["loc"]), input=details["input"], ctx=context
    )


def one_of(kind: type[Component], members: Sequence[type[Component]]) -> Any:
    """The type of a field that holds a component of a kind.

    Args:
        kind: The base class.
        members: The built-in ones.
    """
    return Annotated[kind, OneOf(kind, members)]
