"""Progress from another process, through a file of the job's folder."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from rlsd_pipeline.progress import Progress

_NAME = "progress.jsonl"
_WATCH_SECONDS = 0.5


class ProgressFile:
    """Writes progress messages, one line each."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / _NAME).open("a", encoding="utf-8", buffering=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """See `Progress`."""
        self._write("start", stage, total, unit)

    def advance(self, count: int) -> None:
        """See `Progress`."""
        self._write("advance", count)

    def metric(self, name: str, value: float) -> None:
        """See `Progress`."""
        self._write("metric", name, value)

    def _write(self, *call: Any) -> None:
        self._file.write(json.dumps(call) + "\n")


@contextmanager
def followed(folder: Path, progress: Progress) -> Iterator[None]:
    """Pass on what the processes of a job report, until the block ends."""
    path, done = folder / _NAME, threading.Event()
    path.touch()

    def follow() -> None:
        with path.open(encoding="utf-8") as file:
            pending = ""
            while True:
                last = done.wait(_WATCH_SECONDS)
                *lines, pending = (pending + file.read()).split("\n")
                for line in lines:
                    method, *arguments = json.loads(line)
                    getattr(progress, method)(*arguments)
                if last:
                    return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
