"""Loads the class that a `type` names by an import path or by a file beside the YAML.

A file is run once for each content, so the digest is always that of the code that ran.
"""

from __future__ import annotations

import hashlib
import importlib
import linecache
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from rlsd_pipeline.components.guarded import raised_in
from rlsd_pipeline.components.source import package_digest
from rlsd_pipeline.config.paths import located_path
from rlsd_pipeline.errors import ConfigError

_CODE = "__rlsd_code__"
"""Attribute of a module that holds the bytes that were run."""


class Origin(NamedTuple):
    """The origin of the code of a user's component.

    Attributes:
        name: Name of the class, without the folder that holds its file.
        file: The file that declares it; None for a class of an importable module.
        digest: Digest of the code that decides what it does.
        code: What the file held when it was run; empty for a module.
    """

    name: str
    file: Path | None
    digest: str
    code: bytes


def is_location(declared: str) -> bool:
    """Whether a `type` is the location of a class, not the name of a built-in one."""
    return ":" in declared or "." in declared or "/" in declared


def located_type(declared: str, folder: Path) -> str:
    """The same `type`, with the path of a file made absolute.

    Raises:
        ConfigError: It is neither an import path nor a file and a class.
    """
    place, name = _parts(declared)
    return f"{located_path(place, folder)}:{name}" if _is_file(place) else f"{place}:{name}"


def class_of(declared: str, *, code: bytes | None = None) -> type[Any]:
    """The class that a located `type` names.

    Args:
        declared: As `located_type` gives it.
        code: What its file holds, where this process may not see it.

    Raises:
        ConfigError: There is no such file, module or class, or running it fails.
    """
    place, name = _parts(declared)
    module = _run_file(Path(place), code) if _is_file(place) else _imported(place, declared)
    found = getattr(module, name, None)
    if not isinstance(found, type):
        classes = [n for n, v in vars(module).items() if _is_own(v, module)]
        raise ConfigError(
            f"{place} has no class {name}; "
            + (f"it has {', '.join(classes)}" if classes else "it declares no class")
        )
    # What is run from here on was imported now: its digest must not be that of a later edit.
    origin_of(found)
    return found


def origin_of(component: type[Any]) -> Origin:
    """The origin of the code of a class."""
    module = sys.modules[component.__module__]
    code: bytes | None = getattr(module, _CODE, None)
    if code is None:
        name = f"{component.__module__}:{component.__qualname__}"
        return Origin(name, None, package_digest(component.__module__), b"")
    file = Path(str(module.__file__))
    name = f"{file.name}:{component.__qualname__}"
    return Origin(name, file, hashlib.sha256(code).hexdigest(), code)


def place_of(component: type[Any]) -> str:
    """The located `type` that names a class."""
    module = sys.modules[component.__module__]
    place = module.__file__ if hasattr(module, _CODE) else module.__name__
    return f"{place}:{component.__qualname__}"


def _parts(declared: str) -> tuple[str, str]:
    place, _, name = declared.rpartition(":" if ":" in declared else ".")
    if not place or not name.isidentifier() or name == "py":
        raise ConfigError(
            f"{declared!r} names no class: write `./file.py:Class` for a file beside the YAML, or "
            "`package.module.Class` for one that Python imports"
        )
    return place, name


def _is_file(place: str) -> bool:
    return place.endswith(".py") or "/" in place


def _imported(name: str, declared: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise ConfigError(raised_in(error, f"importing {name}")) from error
        raise ConfigError(
            f"Python finds no module {error.name} for {declared}: install the package that holds "
            f"it in this environment, or name a file, as `./file.py:{declared.split(':')[-1]}`"
        ) from error
    except Exception as error:
        raise ConfigError(raised_in(error, f"importing {name}")) from error


def _run_file(file: Path, code: bytes | None) -> ModuleType:
    """The module of a file's content, run once in this process."""
    if code is None:
        try:
            code = file.read_bytes()
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    name = f"rlsd_component_{hashlib.sha256(bytes(file) + code).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = str(file)
    setattr(module, _CODE, code)
    # Pydantic reads the docstrings of fields from the module's lines.
    lines = code.decode("utf-8", "replace").splitlines(keepends=True)
    linecache.cache[str(file)] = (len(code), None, lines, str(file))
    sys.modules[name] = module
    try:
        exec(compile(code, str(file), "exec"), vars(module))
    except Exception as error:
        del sys.modules[name]
        raise ConfigError(raised_in(error, f"running {file.name}", file)) from error
    return module


def _is_own(value: object, module: ModuleType) -> bool:
    return isinstance(value, type) and value.__module__ == module.__name__
