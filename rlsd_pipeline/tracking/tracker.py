"""The base class of trackers, which receive an arm's numbers.

A run has the arm's name and is found again by it, so a resumed training continues its run.
"""

from __future__ import annotations

import importlib.util
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, NamedTuple, Protocol

from pydantic import Field

from rlsd_pipeline.components.component import Component
from rlsd_pipeline.errors import ConfigError

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9{][A-Za-z0-9_{}. -]*$")]
"""Part of a path for one tracker, of a query for another."""


class Place(NamedTuple):
    """A tracker's run: its folder and its name.

    Attributes:
        directory: Local folder of the tracker; it is there.
        project: What groups the runs.
        run: Name of the arm's run.
    """

    directory: Path
    project: str
    run: str


class OpenRun(Protocol):
    """One arm's run with one tracker."""

    def log(self, metrics: dict[str, float], iteration: int) -> None:
        """Note numbers of an iteration, as `stage/name`; iterations may come in any order."""

    def finish(self) -> None:
        """Hand over what is still held back."""


class Tracker(Component):
    """A tracker: it also receives the metrics of every stage, and changes no artifact.

    Whatever it raises is said once, and training goes on without it.
    """

    component_kind = "tracker"

    packages: ClassVar[tuple[str, ...]] = ()
    """Top-level packages that it imports and that may be missing: asked for before anything is
    computed."""

    project: Name | None = None
    """Groups the runs of all arms; the experiment's name by default."""

    run_name: Name = "{arm}"
    """Name of an arm's run; `{arm}` is replaced by the arm's name."""

    directory: str | None = None
    """Local folder; by default, and for a relative path, below `trackers` of RLSD_HOME."""

    @property
    def name(self) -> str:
        """Its name: the type, or the file and class of a user's tracker."""
        return self.type if self.origin is None else self.origin.name

    @abstractmethod
    def open(self, place: Place) -> OpenRun:
        """Begin an arm's run, or go on with it; one run is open at a time.

        Args:
            place: Which.
        """


def require_packages(trackers: Sequence[Tracker]) -> None:
    """Refuse, before anything is computed, a tracker whose package is missing.

    Raises:
        ConfigError: A package is missing; names it, and the command that installs it.
    """
    for tracker in trackers:
        missing = [name for name in tracker.packages if importlib.util.find_spec(name) is None]
        if missing:
            extra = tracker.origin is None
            how = f"-e '.[{tracker.name}]' in the checkout" if extra else " ".join(missing)
            raise ConfigError(
                f"the tracker `{tracker.name}` needs {' and '.join(missing)}: "
                f"pip install {how}, or drop it from `trackers`"
            )
