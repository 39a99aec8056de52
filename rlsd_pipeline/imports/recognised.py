"""Recognises the formats that a log looks like, and names them in errors."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlsd_pipeline.components.component import built_in_name
from rlsd_pipeline.errors import DataError, RlsdError
from rlsd_pipeline.imports.records import records, refuse_packed

if TYPE_CHECKING:
    from rlsd_pipeline.imports.rollout_format import RolloutFormat

_LOOKED_AT = 1000
_UNKNOWN = "; it looks like no format that is known here: declare its columns by `generic`"


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
            for file in kind(path=str(path)).found_files()[:1]:
                first = next(iter(records(file)), None)
                if isinstance(first, dict) and kind.keys <= first.keys():
                    found.append((len(kind.keys), name))
    return [name for _, name in sorted(found, reverse=True)]


def another_format(source: RolloutFormat, record: Mapping[str, Any]) -> DataError:
    """The error for a log of another format, with the one it looks like.

    Args:
        source: The log, as it was declared.
        record: Its first record.
    """
    missing = ", ".join(sorted(source.keys - record.keys()))
    return DataError(
        f"{source.path} is no log of {source.name}: its first record has "
        f"{', '.join(map(str, record))}, and lacks {missing}{alike(source) or _UNKNOWN}"
    )


def no_files(source: RolloutFormat) -> DataError:
    """The error for a folder without files of the declared format.

    Raises:
        DataError: It holds files that cannot be read; says what to do.
    """
    path = Path(source.path)
    if not path.exists():
        return DataError(f"{path} is not there: name the log's file, or the folder of its files")
    held = sorted(file for file in islice(path.rglob("*"), _LOOKED_AT) if file.is_file())
    known = alike(source)
    if not known:
        for file in held:
            refuse_packed(file)
    if not known and any(file.suffix in (".jsonl", ".parquet") for file in held):
        known = _UNKNOWN
    names = ", ".join(each.name for each in held[:5]) or "no file"
    return DataError(
        f"{path} holds no {' or '.join(source.patterns)}, as {source.name} writes them; it holds "
        f"{names}{known}"
    )


def nothing_usable(source: RolloutFormat, reasons: Mapping[str, int]) -> DataError:
    """The error that says why nothing of a log can be used.

    Args:
        source: The log.
        reasons: Rows by why they cannot.
    """
    why = "; ".join(f"{count:,} with {reason}" for reason, count in reasons.items())
    return DataError(f"{source.path}: no row can be used: {why or 'there is none'}{alike(source)}")


def alike(source: RolloutFormat) -> str:
    """The format that a log looks like, unless it is the declared one."""
    found = recognised(Path(source.path))
    if not found or found[0] == source.name:
        return ""
    return f"; it looks like `{found[0]}`: --from {found[0]}"
