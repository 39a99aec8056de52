"""Trackio."""

from __future__ import annotations

import os
from typing import ClassVar, Literal

from rlsd_pipeline.tracking.accelerate_run import AccelerateRun, prepare
from rlsd_pipeline.tracking.tracker import OpenRun, Place, Tracker


class Trackio(Tracker):
    """Trackio; the folder is TRACKIO_DIR if that is set."""

    type: Literal["trackio"] = "trackio"
    packages: ClassVar[tuple[str, ...]] = ("accelerate", "trackio")

    space_id: str | None = None
    """Hugging Face Space to log to; local by default."""

    def open(self, place: Place) -> OpenRun:
        """See `Tracker`."""
        prepare()
        # Read when trackio is imported.
        os.environ.setdefault("TRACKIO_DIR", str(place.directory))
        from accelerate.tracking import TrackioTracker

        tracker = TrackioTracker(
            place.project,
            name=place.run,
            resume="allow",
            space_id=self.space_id,
            embed=False,
            auto_log_gpu=False,
            auto_log_cpu=False,
        )
        tracker.start()
        return AccelerateRun(tracker)
