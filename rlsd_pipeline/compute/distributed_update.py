"""One process's part of an update; the same whether torchrun or Ray Train started it."""

from pathlib import Path

from rlsd_pipeline.progress import Progress


def train_rank(folder: Path, report: Progress) -> None:
    """Train with the other processes of the default process group on the job in a folder.

    The caller has initialised the group and, on CUDA, chosen this process's device.

    Args:
        folder: What `write_job` wrote; the result is left there for `read_result`.
        report: Told, on rank 0 alone, how far all processes are together.
    """
    raise NotImplementedError
