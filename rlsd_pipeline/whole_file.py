"""Writes a file so that what was there stays until the new one is whole."""

from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file, and the folders that it needs, in one step for its readers.

    Args:
        path: Where to; what is there is replaced.
        content: Text is UTF-8.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, so that renaming is one step.
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(content.encode() if isinstance(content, str) else content)
    return partial.replace(path)
