"""The trackers of one process: one arm's runs are open, and a failing tracker is disabled."""

import atexit
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.tracking.metrics import stage_metrics
from rlsd_pipeline.tracking.tracker import OpenRun, Place, Tracker

_logger = logging.getLogger(__name__)


@dataclass
class Tracking:
    """Sends the metrics of artifacts to the declared trackers.

    Attributes:
        experiment: Its name.
        trackers: The declared ones.
        directory: Local folder for what they keep.
    """

    experiment: str = ""
    trackers: Sequence[Tracker] = ()
    directory: Path = Path()
    _arm: str | None = None
    _runs: dict[int, OpenRun] = field(default_factory=dict)
    _failed: set[int] = field(default_factory=set)

    def log(self, arm: str, iteration: int, artifact: Artifact, stage: Stage) -> None:
        """Log what an artifact says of an arm's iteration; whatever fails is said once."""
        if len(self._failed) == len(self.trackers):
            return
        try:
            metrics = stage_metrics(stage, artifact)
        except Exception as error:
            self._give_up(range(len(self.trackers)), error)
            return
        if not metrics:
            return
        self._turn_to(arm)
        for number, tracker in enumerate(self.trackers):
            if number in self._failed:
                continue
            try:
                with guarded(tracker, f"arm {arm}, iteration {iteration}"):
                    if number not in self._runs:
                        self._runs[number] = self._open(tracker, arm)
                    self._runs[number].log(metrics, iteration)
            except Exception as error:
                self._give_up([number], error)

    def close(self) -> None:
        """Let the trackers hand over what they hold back; the next log opens them again."""
        for number, run in list(self._runs.items()):
            try:
                with guarded(self.trackers[number], f"arm {self._arm}"):
                    run.finish()
            except Exception as error:
                self._give_up([number], error)
        self._runs.clear()
        self._arm = None
        atexit.unregister(self.close)

    def _turn_to(self, arm: str) -> None:
        """Some trackers have one run a process."""
        if arm != self._arm:
            self.close()
            self._arm = arm
            atexit.register(self.close)

    def _open(self, tracker: Tracker, arm: str) -> OpenRun:
        name = tracker.type if tracker.origin is None else type(tracker).__name__
        place = Place(
            directory=self.directory / (tracker.directory or name),
            project=tracker.project or self.experiment,
            run=tracker.run_name.replace("{arm}", arm),
        )
        place.directory.mkdir(parents=True, exist_ok=True)
        return tracker.open(place)

    def _give_up(self, numbers: Sequence[int], error: Exception) -> None:
        names = ", ".join(self.trackers[number].name for number in numbers)
        self._failed.update(numbers)
        _logger.warning(
            "tracker %s: %s: %s; training goes on without it until the next start",
            names,
            type(error).__name__,
            error,
        )
