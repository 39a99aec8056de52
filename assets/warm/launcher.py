"""The launcher of runs: it asks the pool of warm workers first, if `rlsd ui` keeps one."""

import os
import signal
from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.dagster_private import (
    GRPC_INFO_TAG,
    CheckRunHealthResult,
    ConfigurableClassData,
    ExecuteRunArgs,
    LaunchRunContext,
    WorkerStatus,
)
from assets.recovery import has_died, living_process, process_tags
from assets.run_queue import lane
from assets.warm.request import Request, ask


class WarmRunLauncher(dg.DefaultRunLauncher):
    """Dagster's launcher; where `rlsd ui` runs a pool of workers, one of them executes the run.

    Args:
        idle_minutes: How long a worker keeps its models for the next run of their experiment.
        inst_data: Dagster's.
    """

    def __init__(
        self, idle_minutes: float = 10.0, inst_data: ConfigurableClassData | None = None
    ) -> None:
        super().__init__(inst_data)
        self._idle_seconds = 60 * idle_minutes

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """The settings in dagster.yaml."""
        return {"idle_minutes": dg.Field(float, default_value=10.0)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> "WarmRunLauncher":
        """See `ConfigurableClass`."""
        return cls(**config_value, inst_data=inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """See `RunLauncher`."""
        run = context.dagster_run
        assert run.job_code_origin is not None
        arguments = ExecuteRunArgs(
            job_origin=run.job_code_origin,
            run_id=run.run_id,
            instance_ref=self._instance.get_ref(),
        )
        request = Request(
            run=dg.serialize_value(arguments),
            experiment=_experiment(run),
            idle_seconds=self._idle_seconds,
        )
        answer = ask(request)
        if answer.pid is None:
            super().launch_run(context)
            return
        self._instance.add_run_tags(run.run_id, process_tags(run.run_id, answer.pid))

    def terminate(self, run_id: str) -> bool:
        """See `RunLauncher`: the process is interrupted, as by Ctrl-C in a terminal."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return super().terminate(run_id)
        # A code server that was restarted since does not know the run.
        if GRPC_INFO_TAG in run.tags and super().terminate(run_id):
            return True
        self._instance.report_run_canceling(run)
        if (pid := living_process(run)) is None:
            return False
        os.kill(pid, signal.SIGINT)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """See `RunLauncher`."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """See `RunLauncher`; a run of another host is not ours to judge."""
        if has_died(run):
            return CheckRunHealthResult(WorkerStatus.FAILED, "its process is gone")
        return CheckRunHealthResult(WorkerStatus.RUNNING)


def _experiment(run: dg.DagsterRun) -> str:
    """The experiment of a run's assets; for a job without assets, its name."""
    if run.asset_selection:
        return min(key.path[0] for key in run.asset_selection)
    trains = lane(run)
    return trains.split("/")[0] if trains else run.job_name
