"""One iteration made in a run of its own, as a person begins it in the UI."""

import time

from assets.cli.loop import Loop
from assets.jobs import VALUED
from assets.partitions import partition_key
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage


def iterate(loop: Loop, arm: str, iteration: int) -> None:
    """All stages of one iteration, whether it is done or not."""
    started = time.perf_counter()
    run = loop.workspace.at(arm, iteration)
    step = loop.declared.key(RolloutsStage.name).to_python_identifier()
    config = {"ops": {step: {"config": {"draw": run.kept_draw()}}}}
    does = VALUED if run.arm.weighting.reads_values else "iteration"
    loop._count(loop._run(does, partition_key(arm, iteration), config), started)
