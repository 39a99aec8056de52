"""The base of models whose fields are described by the docstrings below them."""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Documented(BaseModel):
    """A frozen model that refuses unknown fields.

    Pydantic reads docstrings as it makes a class, by Python's tokenizer: a second of each process
    that loads the definitions. They are read here once someone wants to see them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        properties: dict[str, Any] = handler.resolve_ref_schema(schema).get("properties", {})
        for name, description in field_descriptions(cls).items():
            if name in properties:
                properties[name].setdefault("description", description)
        return schema


@cache
def field_descriptions(model: type[BaseModel]) -> Mapping[str, str]:
    """What the fields of a model say of themselves, inherited ones included.

    Args:
        model: Its classes are found in the files of their modules; without a file, as in an
            interactive session, they have no docstrings.

    Returns:
        Field -> its `Field(description=...)`, else the docstring below it.
    """
    found: dict[str, str] = {}
    for parent in reversed(model.__mro__):
        if issubclass(parent, BaseModel):
            found |= _documented(parent.__module__).get(parent.__qualname__, {})
    fields = model.model_fields.items()
    given = {name: field.description for name, field in fields if field.description}
    return {name: found[name] for name in model.model_fields if name in found} | given


@cache
def _documented(module: str) -> Mapping[str, Mapping[str, str]]:
    """Qualified name of each class of a module -> its attributes -> the docstrings below them."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (KeyError, TypeError, OSError):
        return {}
    return {name: dict(_attributes(found.body)) for name, found in _classes(tree, "")}


def _classes(inside: ast.AST, prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for node in ast.iter_child_nodes(inside):
        if isinstance(node, ast.ClassDef):
            yield f"{prefix}{node.name}", node
            yield from _classes(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield from _classes(node, f"{prefix}{node.name}.<locals>.")
        else:
            yield from _classes(node, prefix)


def _attributes(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for stated, below in pairwise(body):
        match stated, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, inspect.cleandoc(text)
