"""Checks whether the imported code of a process is still that on the disk."""

import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

from assets.home import EXPERIMENTS

_INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


class Sources:
    """The files of a process: the modules of checkouts, and all that declares the experiments.

    Installed packages are left out: after an upgrade the user opens the UI anew.

    Args:
        experiments: Where the experiments lie.
    """

    def __init__(self, experiments: Path = EXPERIMENTS) -> None:
        self._experiments = experiments
        self._began = time.time_ns()
        self._known = self._stamps()

    def have_changed(self) -> bool:
        """Whether any file differs from what it was, is gone, or has come."""
        found = self._stamps()
        # A module that was imported since is known from its first sight on.
        for file in found.keys() - self._known.keys():
            if found[file] < self._began and file.suffix == ".py":
                self._known[file] = found[file]
        return found != self._known

    def _stamps(self) -> dict[Path, int]:
        return {file: _stamp(file) for file in _files(self._experiments)}


def _files(experiments: Path) -> Iterator[Path]:
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and not file.startswith(_INSTALLED):
            yield Path(file)
    yield from (file for file in experiments.rglob("*") if "__pycache__" not in file.parts)


def _stamp(file: Path) -> int:
    """When it was written; 0 of a file that is gone."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
