"""docs/configuration.md, written from the models that check an experiment.

`python docs/site/configuration.py` prints it; a test holds the file against it.
"""

import re
from collections.abc import Iterator
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rlsd_pipeline.components.one_of import OneOf
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.tables.documents import markdown_table
from schemas.documented import field_descriptions

_HEAD = """# Configuration

Every key that an experiment may declare, with its default, as written in the code that checks it.
A dash is no default: the key has to be given. Where `type` chooses among several, a
[class of your own](components.md) may stand as well for every part except `model`, `teacher`,
`compute` and `places`.
"""
_PLAIN = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "true or false",
    NoneType: "null",
}
_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def configuration() -> str:
    """The document."""
    parts = [_HEAD]
    seen: set[type[BaseModel]] = set()
    parts += _described(ExperimentConfig, "Experiment", 2, seen)
    for key, field in ExperimentConfig.model_fields.items():
        models = [model for model in _models(field.annotation, field.metadata) if model not in seen]
        if models:
            parts.append(f"## `{key}`\n")
            for model in models:
                parts += _described(model, _title(model), 3, seen)
    return "\n".join(parts).rstrip() + "\n"


def _described(
    model: type[BaseModel], title: str, level: int, seen: set[type[BaseModel]]
) -> Iterator[str]:
    """A model's own table, then those of the models in it that have none yet."""
    if model in seen:
        return
    seen.add(model)
    yield f"{'#' * level} {title}\n"
    yield f"{_sentence(model.__doc__)}\n"
    fields = {name: field for name, field in model.model_fields.items() if name != "type"}
    if fields:
        said = field_descriptions(model)
        cells = [
            [
                f"`{name}`",
                _value(f.annotation, f.metadata),
                _default(f),
                _meaning(f, said.get(name)),
            ]
            for name, f in fields.items()
        ]
        yield markdown_table(["key", "value", "default", "meaning"], cells) + "\n"
    if model is not ExperimentConfig:
        for field in fields.values():
            for inner in _models(field.annotation, field.metadata):
                yield from _described(inner, _title(inner), level, seen)


def _meaning(field: FieldInfo, description: str | None) -> str:
    """What the field says of itself; of a model without alternatives, what the model says."""
    models = _models(field.annotation, field.metadata)
    if description or len(models) != 1:
        return _sentence(description)
    return _sentence((models[0].__doc__ or "").partition("\n\n")[0])


def _title(model: type[BaseModel]) -> str:
    """The name by which a YAML chooses it, else the class."""
    chosen = model.model_fields.get("type")
    name = None if chosen is None else chosen.default
    return f"`type: {name}`" if isinstance(name, str) else model.__name__


def _models(annotation: Any, metadata: Any = ()) -> list[type[BaseModel]]:
    """The models that an annotation lets stand, each once."""
    for mark in metadata:
        if isinstance(mark, OneOf):
            return list(mark.members)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        return _models(inner, marks)
    found = [model for inner in get_args(annotation) for model in _models(inner)]
    return list(dict.fromkeys(found))


def _value(annotation: Any, metadata: Any = ()) -> str:
    """What may stand there, in words."""
    models = _models(annotation, metadata)
    if models:
        many = "list of " if _is_list(annotation) else ""
        types = [_title(model) for model in models]
        if len(types) > 3:
            return "list, each by `type`" if many else "by `type`"
        return many + " or ".join(dict.fromkeys(types))
    return f"{_words(annotation)}{_bounds(metadata)}"


def _words(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return f"{_words(inner[0])}{_bounds(inner[1:])}"
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in inner)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_words(one) for one in inner))
    if origin in (list, tuple):
        return f"list of {_words(inner[0])}" if inner else "list"
    if origin is dict:
        return "mapping"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{one.value}`" for one in annotation)
    return _PLAIN.get(annotation, getattr(annotation, "__name__", "value").lower())


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) in (list, tuple)


def _bounds(metadata: Any) -> str:
    bounds = [
        f"{sign} {getattr(mark, name)}"
        for mark in metadata
        for name, sign in _BOUNDS.items()
        if getattr(mark, name, None) is not None
    ]
    return f" {', '.join(bounds)}" if bounds else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "–"
    if field.default_factory_takes_validated_data:
        return "by other keys"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        return _title(type(default))
    if isinstance(default, list | tuple):
        return ", ".join(_shown(one) for one in default) or "none"
    return _shown(default)


def _shown(value: Any) -> str:
    if isinstance(value, BaseModel):
        return _title(type(value))
    if value is None:
        return "null"
    if value == "":
        return "empty"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`".replace("\n", "\\n")


def _sentence(text: str | None) -> str:
    """A docstring in one line."""
    return re.sub(r"\s+", " ", text or "").strip()


if __name__ == "__main__":
    print(configuration(), end="")
