"""References: the names of artifacts, and the only files of a store that change."""

import re

from rlsd_pipeline.artifacts.sealed import Kind, damaged, parse, unseal
from rlsd_pipeline.errors import ArtifactError
from schemas.manifest import Reference

REFS = ".refs"

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=-]*")
_SUFFIX = ".json"

_MOST_FORMER = 8
"""Number of earlier artifacts of a name that are remembered."""

_KIND = Kind(
    Reference,
    "reference",
    3,
    "`rlsd doctor --mend` finds what it named, or takes it away so that the next run of its stage "
    "writes it again",
)


def ref_path(name: str) -> str:
    """The path of a reference.

    Raises:
        ArtifactError: The name is invalid.
    """
    return f"{REFS}/{'/'.join(map(checked_segment, name.split('/')))}{_SUFFIX}"


def ref_name(path: str) -> str:
    """The name that is kept at a path."""
    return path.removeprefix(f"{REFS}/").removesuffix(_SUFFIX)


def parse_reference(content: bytes, name: str, place: str) -> Reference:
    """Read a reference.

    Args:
        content: Its bytes.
        name: The name it was found under.
        place: Where it lies, for the message.

    Raises:
        DamagedError: The file is no reference, or that of another name.
        VersionError: A later version wrote it.
    """
    reference = parse(_KIND, Reference, unseal(_KIND, content, place), place)
    if reference.name is None and reference.schema_version > 1:
        raise damaged(_KIND, place, "it does not say its name")
    if reference.name not in (None, name):
        raise damaged(_KIND, place, f"it is that of {reference.name!r}, copied here")
    return reference


def following(before: Reference | None, name: str, stage: str, fingerprint: str) -> Reference:
    """A name that is given a new meaning.

    Args:
        before: What it is now; None where it is new.
        name: The name.
        stage: Stage of the artifact that the name will lead to.
        fingerprint: Fingerprint of that artifact.
    """
    known = () if before is None or before.stage != stage else (before.fingerprint, *before.former)
    former = tuple(one for one in known if one != fingerprint)[:_MOST_FORMER]
    return Reference(name=name, stage=stage, fingerprint=fingerprint, former=former)


def checked_segment(segment: str) -> str:
    """A part of a name.

    Raises:
        ArtifactError: The segment holds characters that a path must not hold.
    """
    if not _SEGMENT.fullmatch(segment):
        raise ArtifactError(f"{segment!r} cannot be part of a name; use letters, digits and ._=-")
    return segment
