"""Which formats a log looks like."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from rlsd_pipeline.components.component import built_in_name
from rlsd_pipeline.errors import RlsdError
from rlsd_pipeline.imports.records import records


def recognised(path: Path) -> list[str]:
    """Names of the built-in formats whose files are there with the keys of such a log.

    The one that asks for the most keys comes first.
    """
    from rlsd_pipeline.imports.formats import FORMATS

    found = []
    for kind in FORMATS:
        name = built_in_name(kind)
        if name is None or not kind.keys:
            continue
        with suppress(RlsdError):
            first = next(iter(records(kind(path=str(path)).files[0])), None)
            if isinstance(first, dict) and kind.keys <= first.keys():
                found.append((len(kind.keys), name))
    return [name for _, name in sorted(found, reverse=True)]
