"""A path in a component's settings: relative to the YAML, fingerprinted by its content."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, PlainSerializer, SerializationInfo, ValidationInfo

from rlsd_pipeline.components.component import is_identity
from rlsd_pipeline.config.paths import located_path
from rlsd_pipeline.identity.files import path_digest


def folder_of(info: ValidationInfo) -> Path:
    """The folder of the YAML that is being read; without one, the current folder."""
    context = info.context if isinstance(info.context, dict) else {}
    return Path(context.get("folder") or Path())


def _located(path: str, info: ValidationInfo) -> str:
    return located_path(path, folder_of(info))


def _dumped(path: str, info: SerializationInfo) -> Any:
    if not is_identity(info) or info.context is None:
        return path
    try:
        Path(path).stat()
        return {"file": Path(path).name, "content": path_digest(Path(path))}
    except OSError as error:
        info.context["unreadable"].append(f"{path} cannot be read: {error.strerror}")
        return path


LocatedPath = Annotated[str, AfterValidator(_located), PlainSerializer(_dumped)]
"""A file or folder; a relative path begins at the YAML's folder, and `~` is the user's home.

It is absolute once it is read. A fingerprint holds its name and content, not the folder it is in.
"""
