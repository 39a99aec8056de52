"""The built-in components of a kind: the classes of the files of one folder."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterable
from importlib import import_module
from typing import TypeVar

from rlsd_pipeline.components.component import Component, built_in_name

Kind = TypeVar("Kind", bound=Component)


def built_in(package: str, path: Iterable[str], kind: type[Kind]) -> tuple[type[Kind], ...]:
    """The components of a kind that the files of a package declare, by the name of the file.

    Args:
        package: Its `__name__`.
        path: Its `__path__`.
        kind: Their base class.
    """
    found: list[type[Kind]] = []
    for name in sorted(module.name for module in pkgutil.iter_modules(path)):
        module = import_module(f"{package}.{name}")
        found += [
            member
            for member in vars(module).values()
            if inspect.isclass(member)
            and issubclass(member, kind)
            and member.__module__ == module.__name__
            and not inspect.isabstract(member)
            and built_in_name(member) is not None
        ]
    return tuple(found)
