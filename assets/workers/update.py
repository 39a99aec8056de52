"""One process of an update on several devices; rank 0 alone speaks to Dagster.

    python -m assets.workers.update FOLDER DEVICE TIMEOUT_SECONDS

A second process that opened Pipes would end the step as failed.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_pipes import (
    PipesContext,
    PipesDefaultContextLoader,
    PipesDefaultMessageWriter,
    open_dagster_pipes,
)

from rlsd_pipeline.compute.progress_file import ProgressFile
from rlsd_pipeline.compute.worker import work

_LOG_SECONDS = 10.0


class PipesProgress:
    """Tells the job's folder every step, and Dagster's log now and then.

    Args:
        file: Read by the process that started the others.
        pipes: Leads to the run.
    """

    def __init__(self, file: ProgressFile, pipes: PipesContext) -> None:
        self._file, self._pipes = file, pipes
        self._stage, self._unit, self._total = "", "", 0
        self._done, self._logged = 0, time.monotonic()
        self._metrics: dict[str, float] = {}

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """See `Progress`."""
        self._file.start(stage, total, unit)
        self._stage, self._unit, self._total = stage, unit, total or 0
        self._pipes.log.info(f"{stage}: {self._total} {unit} to learn from")

    def advance(self, count: int) -> None:
        """See `Progress`."""
        self._file.advance(count)
        self._done += count
        if time.monotonic() - self._logged > _LOG_SECONDS:
            self._logged = time.monotonic()
            self._pipes.log.info(f"{self._stage}: {self._done} of {self._total} {self._unit}")

    def metric(self, name: str, value: float) -> None:
        """See `Progress`."""
        self._file.metric(name, value)
        self._metrics[name] = value

    def finish(self) -> None:
        """Report the metrics together."""
        self._pipes.report_custom_message({"stage": self._stage, "metrics": self._metrics})
        shown = ", ".join(f"{name} {value:.4g}" for name, value in self._metrics.items())
        self._pipes.log.info(f"{self._stage}: {shown}")


@contextmanager
def report(folder: Path) -> Iterator[PipesProgress]:
    """Opens both ways of reporting."""
    with (
        ProgressFile(folder) as file,
        open_dagster_pipes(
            context_loader=PipesDefaultContextLoader(),
            message_writer=PipesDefaultMessageWriter(),
        ) as pipes,
    ):
        progress = PipesProgress(file, pipes)
        yield progress
        progress.finish()


if __name__ == "__main__":
    work(report)
