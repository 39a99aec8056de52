"""The base class of components: fields are the settings, a method does the work."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import BaseModel, SerializationInfo, SerializerFunctionWrapHandler, model_serializer

from rlsd_pipeline.components.location import Origin, class_of, origin_of, place_of
from rlsd_pipeline.config.strict import StrictConfig
from rlsd_pipeline.errors import DataError

CODE = "code digest"
"""Key of a user's code in an identity; no setting can be called that."""

_NEXT_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Component(StrictConfig):
    """A part that an experiment declares by its `type`.

    A built-in one has a literal `type`. A user's has none: where it lies is its type, and its code
    is part of every fingerprint that depends on it.
    """

    component_kind: ClassVar[str] = "component"
    """Its name in messages, such as `reward function`."""

    at_least_one: ClassVar[tuple[str, ...]] = ()
    """Methods of its base class; it defines at least one of them."""

    type: str = ""
    """Name of a built-in one, import path of a class, or `./file.py:Class` beside the YAML."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give a class without a type its location as the type."""
        super().__init_subclass__(**kwargs)
        if "type" not in inspect.get_annotations(cls):
            cls.__annotations__["type"] = "str"
            cls.type = f"{cls.__module__}:{cls.__qualname__}"

    @property
    def origin(self) -> Origin | None:
        """The origin of its code; None for a built-in component."""
        return None if built_in_name(type(self)) is not None else origin_of(type(self))

    @model_serializer(mode="wrap")
    def _dumped(
        self, handler: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        """Make the code of a user's component its identity, not its folder."""
        dumped: dict[str, Any] = handler(self)
        if is_identity(info) and "type" in dumped and (origin := self.origin) is not None:
            dumped |= {"type": origin.name, CODE: origin.digest}
        return dumped

    def __copy__(self) -> Self:
        """Leave cached properties behind, since a copy may get other settings."""
        copied = super().__copy__()
        _keep_fields(copied.__dict__, type(self))
        return copied

    def __getstate__(self) -> dict[Any, Any]:
        """Pickle the settings alone: cached properties may hold a process or a lock."""
        state = super().__getstate__()
        state["__dict__"] = dict(state["__dict__"])
        _keep_fields(state["__dict__"], type(self))
        return state

    def __reduce__(self) -> str | tuple[Any, ...]:
        """A class of a file travels with its code: another process may not see the file."""
        origin = self.origin
        if origin is None or origin.file is None:
            return super().__reduce__()
        return _rebuilt, (place_of(type(self)), origin.code, self.model_dump_json())


def _keep_fields(held: dict[str, Any], component: type[Component]) -> None:
    for name in held.keys() - component.model_fields.keys():
        del held[name]


def _rebuilt(declared: str, code: bytes, settings: str) -> Component:
    component: Component = class_of(declared, code=code).model_validate_json(settings)
    return component


def built_in_name(component: type[BaseModel]) -> str | None:
    """The literal `type` of a built-in component; None for a user's."""
    annotation = component.model_fields["type"].annotation
    return str(get_args(annotation)[0]) if get_origin(annotation) is Literal else None


def short_name(component: Component) -> str:
    """Its default name: its type, or a user's class in snake case."""
    name = built_in_name(type(component))
    if name is not None:
        return name
    return re.sub(_NEXT_WORD, "_", type(component).__name__).lower().strip("_")


def is_identity(info: SerializationInfo) -> bool:
    """Whether a dump is for an identity."""
    return isinstance(info.context, Mapping) and bool(info.context.get("identity"))


def identity(config: BaseModel, *fields: str, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a configuration that decide a result, as plain JSON values.

    Args:
        config: A configuration, with components at any depth.
        fields: The fields that count; all of them where none is named.
        without: Fields that do not.

    Raises:
        DataError: A file that is named cannot be read.
    """
    named = set(fields) if fields else None
    # Pydantic keeps only the text of a serializer's exception, so unreadable files are noted.
    context: dict[str, Any] = {"identity": True, "unreadable": []}
    found = config.model_dump(mode="json", include=named, exclude=set(without), context=context)
    for message in context["unreadable"]:
        raise DataError(message)
    return found
