"""The settings in which an artifact differs from a request, and their values as text."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest
from rlsd_pipeline.stages.registry import stage_of
from schemas.manifest import Manifest

_LONGEST_VALUE = 40
_BEFORE_DIFFERENCE = 12
"""Characters shown before the first in which two long values differ."""

_MOST_SETTINGS = 6

_ROLES = ("teacher", "base", "items")
"""Roles of inputs that are not named after their stage."""


class Setting(NamedTuple):
    """A setting that changed, such as `weighting.mix`, with its values as text."""

    name: str
    before: str
    now: str


def changed_settings(artifact: Artifact, request: ArtifactRequest) -> list[Setting]:
    """Settings whose value in an artifact's manifest is not that of a request.

    Where no setting is the reason, the inputs that were made again since are.
    """
    if artifact.fingerprint == request.fingerprint:
        return []
    manifest = artifact.manifest
    return declared_differences(manifest, request) or list(
        differing(manifest.inputs, request.inputs)
    )


def differences(before: Manifest, now: ArtifactRequest | Manifest) -> list[Setting]:
    """Each field in which an artifact and a request differ: settings, version, inputs and seeds."""
    return [
        *declared_differences(before, now),
        *differing(before.inputs, now.inputs),
        *differing(before.seeds, now.seeds),
    ]


def declared_differences(before: Manifest, now: ArtifactRequest | Manifest) -> list[Setting]:
    """Those that the experiment or the code is the reason of."""
    found = list(differing(before.config, now.config))
    if before.code_version != now.code_version:
        found.append(Setting(f"version of {now.stage}", before.code_version, now.code_version))
    return found


def is_artifact(setting: Setting) -> bool:
    """Whether it is an artifact that was read, and no setting."""
    return stage_of(setting.name) is not None or setting.name in _ROLES


def settings_text(settings: Iterable[Setting], most: int | None = _MOST_SETTINGS) -> str:
    """`weighting.mix 0.5 → 0.8, update.learning_rate 0.001 → 0.0005`.

    Args:
        settings: Which.
        most: Largest number that is listed, the others are counted; None lists all.
    """
    texts = [f"{name} {before} → {now}" for name, before, now in settings]
    most = len(texts) if most is None else most
    shown, hidden = texts[:most], len(texts) - most
    return ", ".join(shown + [f"and {hidden} more"] * (hidden > 0))


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Setting]:
    """Each value that two nested mappings do not share, by its path."""
    old, new = dict(_flat(before)), dict(_flat(now))
    for name in [*new, *(old.keys() - new.keys())]:
        if old.get(name) != new.get(name):
            yield Setting(name, *_around_difference(_text(old, name), _text(new, name)))


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _text(values: Mapping[str, Any], name: str) -> str:
    if name not in values:
        return "(absent)"
    value = values[name]
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    if len(text) == 64 and text.isalnum():  # A digest.
        return text[:12]
    return text


def _around_difference(before: str, now: str) -> tuple[str, str]:
    """Both texts, cut so that what differs is seen."""
    pairs = enumerate(zip(before, now, strict=False))
    same = next((place for place, (one, other) in pairs if one != other), len(min(before, now)))
    start = max(0, same - _BEFORE_DIFFERENCE) if same >= _LONGEST_VALUE - 1 else 0
    return _cut(before, start), _cut(now, start)


def _cut(text: str, start: int) -> str:
    if len(text) <= _LONGEST_VALUE:
        return text
    head, rest = "…" * (start > 0), text[start:]
    room = _LONGEST_VALUE - len(head)
    return head + (rest if len(rest) <= room else f"{rest[: room - 1]}…")
