"""Shows runs of the command line as the UI's own, under their job, where they can be run again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from assets.dagster_private import (
    MAX_RETRIES_TAG,
    ConfigurableClassData,
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
    SqliteRunStorage,
)

SHOWN_TAG = ".dagster/rlsd_shown"
"""Tag of a run whose job the UI has: its experiment lies in the checkout."""

LOCATION = "assets.definitions"
_REPOSITORY = "__repository__"

SHOWN_TAGS = {
    SHOWN_TAG: "true",
    # A user who kills a command wants it ended; an open UI would go on with it.
    MAX_RETRIES_TAG: "0",
}


class CommandLineRuns(SqliteRunStorage):
    """Dagster's local runs; one of a job that the UI has says where that is.

    A run that is executed in process does not, so the UI would show it under no job.
    """

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "CommandLineRuns":
        """See `SqliteRunStorage`."""
        return cls.from_local(inst_data=inst_data, **config_value)

    def add_run(self, dagster_run: dg.DagsterRun) -> dg.DagsterRun:
        """See `RunStorage`."""
        if SHOWN_TAG in dagster_run.tags and dagster_run.remote_job_origin is None:
            location = RegisteredCodeLocationOrigin(LOCATION)
            repository = RemoteRepositoryOrigin(location, _REPOSITORY)
            origin = RemoteJobOrigin(repository, dagster_run.job_name)
            dagster_run = dagster_run.with_job_origin(origin)
        return super().add_run(dagster_run)


def local_runs(folder: Path) -> dict[str, Any]:
    """The part of a Dagster configuration that lets these be its runs.

    Args:
        folder: Of the instance; where its file names a storage, as the shipped one does, nothing
            takes its place.
    """
    declared = yaml.safe_load((folder / "dagster.yaml").read_text()) or {}
    if {"storage", "run_storage"} & set(declared):
        return {}
    config = {"base_dir": str(folder / "history")}
    return {"run_storage": {"module": __name__, "class": "CommandLineRuns", "config": config}}
