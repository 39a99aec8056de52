"""MLflow."""

from __future__ import annotations

import os
from typing import ClassVar, Literal

from rlsd_pipeline.tracking.accelerate_run import AccelerateRun, prepare
from rlsd_pipeline.tracking.tracker import OpenRun, Place, Tracker

_ARM_TAG = "rlsd.arm"
_WAIT_SECONDS = 30


class MLflow(Tracker):
    """MLflow; `project` is its experiment."""

    type: Literal["mlflow"] = "mlflow"
    packages: ClassVar[tuple[str, ...]] = ("accelerate", "mlflow")

    tracking_uri: str | None = None
    """Server or database; MLFLOW_TRACKING_URI, or else an SQLite file in the folder."""

    def open(self, place: Place) -> OpenRun:
        """See `Tracker`."""
        prepare()
        # By default a server that is down is asked for many minutes.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(_WAIT_SECONDS))
        import mlflow
        from accelerate.tracking import MLflowTracker

        uri = self.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
        mlflow.set_tracking_uri(uri or f"sqlite:///{place.directory / 'mlflow.db'}")
        tracker = MLflowTracker(
            place.project,
            logging_dir=None if uri else place.directory.as_uri(),
            run_id=_mlflow_run(place),
            run_name=place.run,
            tags={_ARM_TAG: place.run},
        )
        tracker.start()
        return AccelerateRun(tracker, {"run_id": tracker.active_run.info.run_id})


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
