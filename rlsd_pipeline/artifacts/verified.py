"""Local files with a verified digest; a process reads each file once to verify it."""

from pathlib import Path

from rlsd_pipeline.artifacts.fingerprint import file_sha256
from rlsd_pipeline.errors import DamagedError

# Files found intact by this process, each with the size and time it had then.
_intact: set[tuple[str, int, int, str]] = set()


def has_digest(local: Path, sha256: str) -> bool:
    """Whether a file has these bytes; one that has not changed since is not read again."""
    status = local.stat()
    state = (str(local), status.st_size, status.st_mtime_ns, sha256)
    if state not in _intact:
        if file_sha256(local) != sha256:
            return False
        _intact.add(state)
    return True


def require_digest(local: Path, sha256: str, place: str) -> None:
    """Check a file's bytes.

    Args:
        local: The file.
        sha256: What its digest must be.
        place: Where the store has it, for the message.

    Raises:
        DamagedError: The file is missing, or has other bytes.
    """
    found = "no file"
    if local.exists():
        if has_digest(local, sha256):
            return
        found = file_sha256(local)
    raise DamagedError(
        f"{place} is damaged: expected SHA-256 {sha256}, found {found}; `rlsd doctor --mend` sets "
        "its artifact aside, or delete its folder and run the stage again: both make it anew"
    )
