"""The digest of the code that a user's component consists of."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path


@cache
def package_digest(module: str) -> str:
    """Digest of a module's source and of all that it imports of its own package.

    Imports are read from the source, at any depth of it; what another package holds does not
    count. A module that has no source, such as a compiled one, counts by its file.

    Args:
        module: Name of a module that Python can import.
    """
    sources = _sources(module)
    digest = hashlib.sha256()
    for name in sorted(sources):
        digest.update(f"{name}\n{hashlib.sha256(sources[name]).hexdigest()}\n".encode())
    return digest.hexdigest()


def _sources(module: str) -> dict[str, bytes]:
    """Module name -> source, of a module and of what it imports of its own package."""
    top = module.partition(".")[0]
    found: dict[str, bytes] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = None if name in found else _file_of(name)
        if path is None:
            continue
        found[name] = path.read_bytes()
        if path.suffix == ".py":
            package = name if path.name == "__init__.py" else name.rpartition(".")[0]
            imported = set(_imports(found[name], package))
            waiting += [other for other in imported if other.partition(".")[0] == top]
    return found


def _file_of(name: str) -> Path | None:
    """The file of a module; None for a name that is no module, or a package without code."""
    loaded = sys.modules.get(name)
    try:
        origin = loaded.__file__ if loaded is not None else importlib.util.find_spec(name).origin  # type: ignore[union-attr]
    except (AttributeError, ImportError, ValueError):
        return None
    return Path(origin) if origin is not None and Path(origin).is_file() else None


def _imports(source: bytes, package: str) -> Iterator[str]:
    """Names that a module's source imports; `from x import y` may mean the module x.y."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                yield from (".".join(parts[: n + 1]) for n in range(len(parts)))
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
