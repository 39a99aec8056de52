"""Weights & Biases."""

from __future__ import annotations

from hashlib import sha256
from typing import ClassVar, Literal

from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.tracking.accelerate_run import STEP, AnyOrderRun, prepare
from rlsd_pipeline.tracking.tracker import OpenRun, Place, Tracker

_WAIT_SECONDS = 30


class WandB(Tracker):
    """Weights & Biases; the key comes from WANDB_API_KEY or `wandb login`."""

    type: Literal["wandb"] = "wandb"
    packages: ClassVar[tuple[str, ...]] = ("accelerate", "wandb")

    entity: str | None = None
    """User or team; by default the one of the API key."""

    mode: Literal["online", "offline"] = "online"
    """Offline runs stay in the folder until `wandb sync`."""

    def open(self, place: Place) -> OpenRun:
        """See `Tracker`."""
        prepare()
        import wandb
        from accelerate.tracking import WandBTracker

        if self.mode == "online" and wandb.api.api_key is None:
            # On a terminal it would ask for one, and wait.
            raise ConfigError(
                "no key of Weights & Biases: set WANDB_API_KEY, or call `wandb login`"
            )
        tracker = WandBTracker(
            place.project,
            entity=self.entity,
            name=place.run,
            id=sha256(f"{place.project}/{place.run}".encode()).hexdigest()[:16],
            resume="allow",
            mode=self.mode,
            dir=str(place.directory),
            settings=wandb.Settings(init_timeout=_WAIT_SECONDS, console="off", silent=True),
        )
        tracker.start()
        tracker.run.define_metric(STEP)
        tracker.run.define_metric("*", step_metric=STEP)
        return AnyOrderRun(tracker)
