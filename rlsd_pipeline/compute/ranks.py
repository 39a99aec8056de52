"""Processes that train one policy together; what starts them is of no concern to them."""

from pathlib import Path
from typing import Protocol

from rlsd_pipeline.progress import Progress


class Ranks(Protocol):
    """Starts `train_rank` once a device, and waits."""

    def train(self, folder: Path, progress: Progress) -> None:
        """Run an update on the job in `folder`; its result is there afterwards.

        Raises:
            ComputeError: A process failed; holds its traceback.
        """
        ...
