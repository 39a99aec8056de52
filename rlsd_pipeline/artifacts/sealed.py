"""The store's own documents: JSON with a version, and a checksum of its content."""

import json
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from rlsd_pipeline.artifacts.fingerprint import json_digest
from rlsd_pipeline.artifacts.versions import newer
from rlsd_pipeline.config.strict import describe
from rlsd_pipeline.errors import ConfigError, DamagedError
from schemas.record import Contract

AnyContract = TypeVar("AnyContract", bound=Contract)

PRODUCT = "rlsd-pipeline"
"""The library whose version a manifest records as the writer's."""

_CHECKSUM = "checksum"


def seal(document: Contract) -> bytes:
    """The bytes of a document."""
    content = document.model_dump(mode="json")
    return json.dumps({_CHECKSUM: json_digest(content), **content}, indent=2).encode()


@dataclass(frozen=True)
class Kind:
    """A kind of document.

    Attributes:
        contract: Its fields.
        word: What messages call it.
        version: The newest version that this code reads.
        remedy: What to do about one that is damaged.
    """

    contract: type[Contract]
    word: str
    version: int
    remedy: str


def unseal(kind: Kind, content: bytes, place: str) -> dict[str, Any]:
    """The fields of a document as plain JSON, its checksum and its version checked.

    Version 1 has no checksum.

    Raises:
        DamagedError: The document is empty, no JSON, or has a wrong checksum or version.
        VersionError: A later version wrote it.
    """
    fields, checksum, digest = _fields(kind, content, place)
    version = fields.get("schema_version", 1)
    if checksum is not None and checksum != digest:
        raise damaged(kind, place, "its content does not have the checksum that it states")
    if type(version) is not int or version < 1:
        found = f"its schema_version is {version!r}, and versions are counted from 1"
        raise damaged(kind, place, found)
    if version > kind.version:
        raise newer(f"{place} is a {kind.word}", version, kind.version, _writer(fields))
    if version > 1 and checksum is None:
        raise damaged(kind, place, f"it has no {_CHECKSUM}, and every one of version {version} has")
    return {"schema_version": version, **fields}


def parse(
    kind: Kind, contract: type[AnyContract], fields: dict[str, Any], place: str
) -> AnyContract:
    """The document with these fields.

    Raises:
        DamagedError: A field is unknown, missing or invalid.
    """
    try:
        return contract.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        found = describe(error, contract, "it does not have the fields of one")
        raise damaged(kind, place, found.replace("\n  ", ", ")) from error


def damaged(kind: Kind, place: str, found: str) -> DamagedError:
    """The message about a document that is none."""
    return DamagedError(f"{place} is no {kind.word}: {found}; {kind.remedy}", found)


def _fields(kind: Kind, content: bytes, place: str) -> tuple[dict[str, Any], object, str]:
    """The fields of a document, its stated checksum, and its actual one."""
    if not content.strip():
        raise damaged(kind, place, "it is empty")
    try:
        fields = json.loads(content)
        if not isinstance(fields, dict):
            raise damaged(kind, place, f"it holds no fields, but {str(fields)[:40]!r}")
        checksum = fields.pop(_CHECKSUM, None)
        return fields, checksum, json_digest(fields)
    except (ValueError, RecursionError, ConfigError) as error:
        raise damaged(kind, place, f"it cannot be read as JSON ({error})") from error


def _writer(fields: dict[str, Any]) -> str | None:
    libraries = fields.get("libraries")
    written_by = libraries.get(PRODUCT) if isinstance(libraries, dict) else None
    return None if written_by is None else str(written_by)
