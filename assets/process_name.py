"""Sets the process names that `ps` and `top` show."""

from contextlib import suppress
from pathlib import Path


def show_as(name: str) -> None:
    """Name this process; one that was forked has the command line of another."""
    # Only Linux has the file.
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name)
