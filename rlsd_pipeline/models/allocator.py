"""Keeps memory that a step frees for the next step, which asks for it again."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 1 << 30


def keep_freed_memory() -> None:
    """Let this process keep up to a gigabyte that is free.

    glibc hands large blocks back as soon as they are free, and the system clears them anew for
    the next step. Other C libraries do as they did.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
    mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
