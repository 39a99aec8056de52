"""The base of every configuration model: frozen, strict about its keys, clear about mistakes."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from rlsd_pipeline.errors import ConfigError
from schemas.documented import Documented

Model = TypeVar("Model", bound=BaseModel)

_LONGEST_VALUE = 60
_OWN = " (a class of your own is named as `./file.py:Class` or `package.module.Class`)"
_NUMBER = re.compile(r"\s*[-+]?[0-9._]+([eE][-+]?[0-9]+)?\s*")

LineOf = Callable[[Sequence[str | int]], int | None]
"""Path of a place below the checked data -> its line in the document, where there are lines."""


class StrictConfig(Documented):
    """A frozen configuration of finite numbers, in which an unknown key is an error.

    Nothing is converted: text is no number, and neither is a truth value. A tuple that YAML writes
    as a list says so with `Field(strict=False)`.
    """

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


def validate(
    model_cls: type[Model],
    data: Any,
    *,
    source: str,
    path: str = "",
    line_of: LineOf | None = None,
    folder: Path | None = None,
) -> Model:
    """Build a configuration from plain data, or say everything that is wrong with it.

    Args:
        model_cls: The configuration to build.
        data: What the user wrote, parsed but not yet checked.
        source: Name of the document, for the message.
        path: Where `data` stands in the document, such as `attributes`.
        line_of: Finds the line of a place below `data`.
        folder: Where relative paths begin.

    Raises:
        ConfigError: The data is invalid; one message lists every problem.
    """
    try:
        return model_cls.model_validate(data, context={"folder": folder})
    except ValidationError as error:
        raise ConfigError(describe(error, model_cls, source, path=path, line_of=line_of)) from error


def describe(
    error: ValidationError,
    model_cls: type[BaseModel],
    source: str,
    *,
    path: str = "",
    line_of: LineOf | None = None,
) -> str:
    """Every problem of a failed validation, each with its place, its finding and a way out."""
    problems = [_describe_one(details, model_cls, path, line_of) for details in error.errors()]
    if len(problems) == 1:
        return f"{source}: {problems[0]}"
    return "\n  ".join([f"{source}: {len(problems)} problems", *problems])


def nearest(name: str, valid: Iterable[str], kind: str) -> str:
    """A hint: the valid name closest to `name`, or all of them when none is close."""
    names = list(valid)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"valid {kind}: {', '.join(names)}" if names else f"there are no valid {kind}"


def _describe_one(
    details: ErrorDetails, model_cls: type[BaseModel], prefix: str, line_of: LineOf | None
) -> str:
    location, context = details["loc"], details.get("ctx", {})
    found = f"found {_short(details['input'])}"
    held = _resolve(model_cls, location)

    def say(path: Sequence[str | int], problem: str, more: str = "", what: str = found) -> str:
        line = None if line_of is None else line_of(path)
        notes = ", ".join([f"line {line}"] * (line is not None) + [what] * bool(what))
        return f"{_join(prefix, path)}: {problem}{f' ({notes})' if notes else ''}{more}"

    match details["type"]:
        case "extra_forbidden":
            holder, key = _resolve(model_cls, location[:-1]), str(location[-1])
            hint = nearest(key, holder.keys, "keys")
            return say([*holder.path, key], "unknown key", f"; {hint}")
        case "union_tag_invalid":
            tags = re.findall(r"'([^']*)'", context.get("expected_tags", ""))
            tag = str(context["tag"])
            return say([*held.path, "type"], f"unknown type {tag!r}", _known(tag, tags, held), "")
        case "literal_error" if (holder := _resolve(model_cls, location[:-1])).open:
            tag = str(details["input"])
            known = _known(tag, holder.tags, holder)
            return say([*holder.path, "type"], f"unknown type {tag!r}", known, "")
        case "union_tag_not_found":
            return say([*held.path, "type"], "missing", f"; valid types: {', '.join(held.tags)}")
        case "model_type" | "model_attributes_type" if held.tags:
            return say(held.path, "a mapping with a `type` is needed", _typed(details, held))
        case "missing":
            return say(held.path, "required, but missing", what="")
        case "value_error":
            return say(held.path, str(context["error"]))
        case _:
            message = details["msg"][0].lower() + details["msg"][1:]
            return say(held.path, message, _as_written(details["type"], details["input"]))


def _known(tag: str, tags: Sequence[str], place: "_Place") -> str:
    """The valid types, for the message about an unknown one."""
    hint = nearest(tag, tags, "types")
    own = _OWN if place.open and not hint.startswith("did you mean") else ""
    return f"; {hint}{own}"


def _typed(details: ErrorDetails, place: "_Place") -> str:
    """The written form of a type that was given by its name alone."""
    name = details["input"] if isinstance(details["input"], str) else ""
    if name in place.tags:
        return f": write `{{type: {name}}}`"
    return _known(name, place.tags, place)


def _as_written(kind: str, value: Any) -> str:
    """How YAML came to read a number or text as something else."""
    if isinstance(value, bool) and kind != "bool_type":
        return ": YAML reads yes, no, on and off as truth values; quotes make them text"
    if kind in ("int_type", "float_type") and isinstance(value, str) and _NUMBER.fullmatch(value):
        return ": a number stands without quotes"
    return ""


class _Place(NamedTuple):
    """A place in the document, with the values that it accepts."""

    path: list[str | int]
    keys: list[str]
    tags: list[str]
    open: bool


def _resolve(model_cls: type[BaseModel], location: Sequence[str | int]) -> _Place:
    """Follow an error's location down the annotations.

    Pydantic's location also names the member of a union that was tried, which is not a part
    of the document: those steps are followed, but left out of the path.
    """
    path: list[str | int] = []
    annotation: Any = model_cls
    members: list[Any] = [model_cls]
    for step in location:
        if (own := _own(annotation, step)) is not None:
            annotation, members = own, [own]
            continue
        if len(members) > 1:
            members = [member for member in members if step in (_tag(member), _name(member))]
            annotation = members[0] if members else None
            continue
        path.append(step)
        annotation = _child(members[0], step) if members else None
        members = _members(annotation)
    return _Place(
        path,
        keys=list(_fields(members[0])) if len(members) == 1 else [],
        tags=[tag for member in members if (tag := _tag(member)) is not None],
        open=bool(_marks(annotation)),
    )


def _child(annotation: Any, step: str | int) -> Any:
    if fields := _fields(annotation):
        return fields.get(str(step))
    arguments = get_args(annotation)
    if not arguments:
        return None
    return arguments[-1] if issubclass(get_origin(annotation), Mapping) else arguments[0]


def _members(annotation: Any) -> list[Any]:
    """The types that an annotation accepts, without None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _open(annotation) or _members(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [each for argument in get_args(annotation) for each in _members(argument)]
    return [] if annotation in (None, NoneType) else [annotation]


def _open(annotation: Any) -> list[Any]:
    """The built-in components that may be declared at a place where a user's may stand too."""
    return [member for mark in _marks(annotation) for member in mark.members]


def _own(annotation: Any, step: str | int) -> Any:
    """The user's component that a step of an error's location names, if it names one."""
    return next((own for mark in _marks(annotation) if (own := mark.own(step)) is not None), None)


def _marks(annotation: Any) -> list[Any]:
    """The markers of a place that accepts a user's component."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return [mark for mark in arguments[1:] if hasattr(mark, "own")]
    if origin in (Union, UnionType):
        return [mark for argument in arguments for mark in _marks(argument)]
    return []


def _fields(annotation: Any) -> dict[str, Any]:
    """Annotations of a model's fields, by the name they bear in the document."""
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return {}
    return {
        info.alias or name: Annotated[info.annotation, *info.metadata]
        if info.metadata
        else info.annotation
        for name, info in annotation.model_fields.items()
    }


def _tag(member: Any) -> str | None:
    """The literal `type` of a member of a discriminated union."""
    annotation = _fields(member).get("type")
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return get_args(annotation)[0] if get_origin(annotation) is Literal else None


def _name(member: Any) -> str:
    return getattr(member, "__name__", str(member))


def _join(prefix: str, path: Sequence[str | int]) -> str:
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return f"{prefix}{steps}".removeprefix(".") or "the document"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
