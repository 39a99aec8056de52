"""From a tracker's declaration to an open run of accelerate's tracker class.

A run has the arm's name and is found again by it, so a training that goes on continues the run it
began.
"""

import importlib.util
import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from rlsd_pipeline.config.tracker import (
    MLflowConfig,
    TensorBoardConfig,
    TrackerConfig,
    TrackioConfig,
    WandBConfig,
)
from rlsd_pipeline.errors import ConfigError

STEP = "iteration"
_ARM_TAG = "rlsd.arm"
_WAIT_SECONDS = 30


class Place(NamedTuple):
    """Which run: where it is kept, and what it is called.

    Attributes:
        directory: Local folder of the tracker.
        project: What groups the runs.
        run: Name of the arm's run.
    """

    directory: Path
    project: str
    run: str


class OpenRun:
    """One arm's run with one tracker.

    Args:
        tracker: An object of accelerate's tracker class, started.
        options: What it is given with every log.
    """

    def __init__(self, tracker: Any, options: dict[str, Any] | None = None) -> None:
        self._tracker = tracker
        self._options = options or {}

    def log(self, metrics: dict[str, float], iteration: int) -> None:
        """Note an iteration's numbers."""
        self._tracker.log(metrics, step=iteration, **self._options)

    def finish(self) -> None:
        """Hand over what is still held back."""
        self._tracker.finish()


class OpenWandBRun(OpenRun):
    """Its own steps must rise, and an old policy may be evaluated late: the iteration is a metric.

    Everything is then drawn against it.
    """

    def log(self, metrics: dict[str, float], iteration: int) -> None:
        """See `OpenRun`."""
        self._tracker.log({**metrics, STEP: iteration})


def require_packages(configs: Sequence[TrackerConfig]) -> None:
    """Refuse, before anything is computed, a tracker whose package is missing.

    Raises:
        ConfigError: Names it, and the command that installs it.
    """
    for config in configs:
        missing = [
            package
            for package in ("accelerate", config.type)
            if importlib.util.find_spec(package) is None
        ]
        if missing:
            raise ConfigError(
                f"the tracker `{config.type}` needs {' and '.join(missing)}: "
                f"pip install -e '.[{config.type}]' in the checkout, or drop it from `trackers`"
            )


def open_run(config: TrackerConfig, place: Place) -> OpenRun:
    """Begin an arm's run, or go on with it."""
    from accelerate import PartialState

    # Its trackers log through it; without the variables of a distributed launch it starts nothing.
    PartialState()
    place.directory.mkdir(parents=True, exist_ok=True)
    match config:
        case TensorBoardConfig():
            return _open_tensorboard(place)
        case WandBConfig():
            return _open_wandb(config, place)
        case MLflowConfig():
            return _open_mlflow(config, place)
        case TrackioConfig():
            return _open_trackio(config, place)


def _open_tensorboard(place: Place) -> OpenRun:
    from accelerate.tracking import TensorBoardTracker

    tracker = TensorBoardTracker(f"{place.project}/{place.run}", place.directory)
    tracker.start()
    return OpenRun(tracker)


def _open_wandb(config: WandBConfig, place: Place) -> OpenRun:
    import wandb
    from accelerate.tracking import WandBTracker

    if config.mode == "online" and wandb.api.api_key is None:
        # On a terminal it would ask for one, and wait.
        raise ConfigError("no key of Weights & Biases: set WANDB_API_KEY, or call `wandb login`")
    tracker = WandBTracker(
        place.project,
        entity=config.entity,
        name=place.run,
        id=sha256(f"{place.project}/{place.run}".encode()).hexdigest()[:16],
        resume="allow",
        mode=config.mode,
        dir=str(place.directory),
        settings=wandb.Settings(init_timeout=_WAIT_SECONDS, console="off", silent=True),
    )
    tracker.start()
    tracker.run.define_metric(STEP)
    tracker.run.define_metric("*", step_metric=STEP)
    return OpenWandBRun(tracker)


def _open_mlflow(config: MLflowConfig, place: Place) -> OpenRun:
    # By default a server that is down is asked for many minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(_WAIT_SECONDS))
    import mlflow
    from accelerate.tracking import MLflowTracker

    uri = config.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri or f"sqlite:///{place.directory / 'mlflow.db'}")
    tracker = MLflowTracker(
        place.project,
        logging_dir=None if uri else place.directory.as_uri(),
        run_id=_mlflow_run(place),
        run_name=place.run,
        tags={_ARM_TAG: place.run},
    )
    tracker.start()
    return OpenRun(tracker, {"run_id": tracker.active_run.info.run_id})


def _mlflow_run(place: Place) -> str | None:
    """The arm's run, where it has begun."""
    import mlflow

    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(place.project)
    if experiment is None:
        return None
    wanted = f"tags.`{_ARM_TAG}` = '{place.run}'"
    found = client.search_runs([experiment.experiment_id], wanted, max_results=1)
    return found[0].info.run_id if found else None


def _open_trackio(config: TrackioConfig, place: Place) -> OpenRun:
    # Read when trackio is imported.
    os.environ.setdefault("TRACKIO_DIR", str(place.directory))
    from accelerate.tracking import TrackioTracker

    tracker = TrackioTracker(
        place.project,
        name=place.run,
        resume="allow",
        space_id=config.space_id,
        embed=False,
        auto_log_gpu=False,
        auto_log_cpu=False,
    )
    tracker.start()
    return OpenRun(tracker)
