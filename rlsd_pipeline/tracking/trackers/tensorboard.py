"""Event files for TensorBoard."""

from __future__ import annotations

from typing import ClassVar, Literal

from rlsd_pipeline.tracking.accelerate_run import AccelerateRun, prepare
from rlsd_pipeline.tracking.tracker import OpenRun, Place, Tracker


class TensorBoard(Tracker):
    """Event files for TensorBoard, a folder an arm."""

    type: Literal["tensorboard"] = "tensorboard"
    packages: ClassVar[tuple[str, ...]] = ("accelerate", "tensorboard")

    def open(self, place: Place) -> OpenRun:
        """See `Tracker`."""
        prepare()
        from accelerate.tracking import TensorBoardTracker

        tracker = TensorBoardTracker(f"{place.project}/{place.run}", place.directory)
        tracker.start()
        return AccelerateRun(tracker)
