"""The queue of runs: runs that train the same arm wait for one another; no other run waits."""

import dagster as dg

from assets.dagster_private import ASSET_PARTITION_RANGE_START_TAG, PARTITION_NAME_TAG
from assets.queue_sign import tell

TRAINS_TAG = ".dagster/rlsd_trains"
"""Tag of a run that trains an arm: `EXPERIMENT/ARM`. The queue starts one of each at a time."""


class RunQueue(dg.QueuedRunCoordinator):
    """Dagster's queue, which limits runs by their tags, with a tag that says which arm moves on.

    The tags that Dagster gives a run name its partition, and the evaluation of an arm's policy has
    the same as its training. Limited by those, evaluations would wait for a training.
    """

    def submit_run(self, context: dg.SubmitRunContext) -> dg.DagsterRun:
        """See `RunCoordinator`."""
        trains = lane(context.dagster_run)
        if trains is not None:
            self._instance.add_run_tags(context.dagster_run.run_id, {TRAINS_TAG: trains})
        submitted = super().submit_run(context)
        tell(self._instance)
        return submitted


def lane(run: dg.DagsterRun) -> str | None:
    """The arm that a run moves on, as `EXPERIMENT/ARM`; None of a run that moves none."""
    tags = run.tags
    for whole in ("_train", "_valued_iteration", "_iteration"):
        if run.job_name.endswith(whole) and PARTITION_NAME_TAG in tags:
            arm = tags[PARTITION_NAME_TAG].split("|")[0]
            return f"{run.job_name.removesuffix(whole)}/{arm}"
    # Page and daemon hold a queue, and seldom need the stages.
    from rlsd_pipeline.stages.registry import ITERATION_STAGES

    partition = tags.get(ASSET_PARTITION_RANGE_START_TAG) or tags.get(PARTITION_NAME_TAG)
    experiments = {
        key.path[0]
        for key in run.asset_selection or ()
        if len(key.path) > 1 and key.path[1] in ITERATION_STAGES
    }
    if partition is None or "|" not in partition or not experiments:
        return None
    return f"{min(experiments)}/{partition.split('|')[0]}"
