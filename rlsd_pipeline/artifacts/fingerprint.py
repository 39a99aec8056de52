"""Two digests of an artifact: the fingerprint of its inputs, and the digest of its files."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlsd_pipeline.errors import ConfigError


def fingerprint(
    stage: str,
    code_version: str,
    config: Mapping[str, Any],
    inputs: Mapping[str, str],
    seeds: Mapping[str, int] | None = None,
) -> str:
    """Digest of everything a stage's result may depend on."""
    parts = {
        "stage": stage,
        "code_version": code_version,
        "config": dict(config),
        "inputs": dict(inputs),
        "seeds": dict(seeds or {}),
    }
    return json_digest(parts)


def content_digest(files: Mapping[str, str]) -> str:
    """Digest of an artifact's files, given the SHA-256 of each by its logical name."""
    return json_digest(dict(files))


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def json_digest(value: dict[str, Any]) -> str:
    """SHA-256 of a value as canonical JSON.

    Raises:
        ConfigError: JSON cannot hold the value.
    """
    try:
        canonical = json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
    except (TypeError, ValueError) as error:
        raise ConfigError(f"only plain JSON values have a fingerprint: {error}") from error
    return hashlib.sha256(canonical.encode()).hexdigest()
