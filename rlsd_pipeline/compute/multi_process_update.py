"""An update by processes that train one policy together, on the devices of one node or several."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch import Tensor

from rlsd_pipeline.artifacts import ArtifactWriter
from rlsd_pipeline.compute.job import MODEL, write_job
from rlsd_pipeline.compute.launcher import Launcher
from rlsd_pipeline.compute.result import read_result
from rlsd_pipeline.compute.update import Update, Updated, Written, folder_of, write_policy
from rlsd_pipeline.config.place import ShardedUpdate
from rlsd_pipeline.models.adapter import adapter_shapes, add_adapter
from rlsd_pipeline.models.pool import PolicyPool
from rlsd_pipeline.models.skeleton import load_skeleton
from rlsd_pipeline.models.weights import other_files
from rlsd_pipeline.progress import Progress
from schemas import PolicyCheckpoint


class TrainingProcesses(Protocol):
    """Starts the processes, and waits for their end."""

    def train(self, folder: Path, progress: Progress) -> None:
        """Run an update on the job in `folder`, and write its result there.

        Raises:
            ComputeError: A process failed; holds its traceback.
        """
        ...


@dataclass(frozen=True)
class MultiProcessUpdate:
    """See `Updating`.

    The processes read a job from a folder and leave their rows of the result there. What they
    trained is put together here, so any number of processes can go on from it.

    Attributes:
        config: Settings of the processes that do not depend on what starts them.
        pool: Policies in memory, which make room on the device.
        processes: The processes, given what starts a command.
    """

    config: ShardedUpdate
    pool: PolicyPool
    processes: Callable[[Launcher], TrainingProcesses]

    def __call__(
        self, asked: Update, out: ArtifactWriter, progress: Progress, launcher: Launcher
    ) -> Written:
        """See `Updating`."""
        checkpointing = {"activation_checkpointing": self.config.activation_checkpointing}
        job = asked.job.model_copy(update=checkpointing)
        place = self.config.shared_folder or folder_of(out)
        with tempfile.TemporaryDirectory(prefix="rlsd-job-", dir=place) as directory:
            shared = Path(directory)
            # Without weights: they come with the job, and a shared folder holds copies.
            described = other_files(asked.base.record(PolicyCheckpoint).model_files)
            policy = load_skeleton(asked.base.checkout(shared / MODEL, described))
            groups, adapter = asked.groups(policy), _adapter(asked, shared / MODEL)
            write_job(shared, job, asked.policy, groups, base=asked.base, adapter=adapter)
            self.pool.leave_device()
            self.processes(launcher).train(shared, progress)
            result = read_result(shared)
            updated = Updated(
                result.metrics,
                weights=result.tensors("weights"),
                optimizer=result.tensors("optimizer"),
                adapter=result.tensors("adapter"),
            )
            return write_policy(out, asked, policy.model, updated)


def _adapter(asked: Update, model: Path) -> dict[str, Tensor] | None:
    """The adapter to train; None where the weights themselves are trained."""
    if asked.job.update.lora is None:
        return None
    adapted = load_skeleton(model).model
    add_adapter(adapted, asked.job.update.lora)
    return asked.adapter(adapter_shapes(adapted))
