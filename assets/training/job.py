"""`EXPERIMENT_train`: one run trains one arm, iteration by iteration."""

import dagster as dg
from pydantic import Field

from assets.declared import Declared
from assets.failures import own_message_first
from assets.jobs import job_name
from assets.pictures import arm_picture
from assets.recovery import retried_without_database
from assets.run_cluster import run_cluster
from assets.stages.benchmark_scores import RESULTS_LATER_TAG
from assets.training.training import Training

ARM_TAG = "arm"
"""Tag of a training with its arm."""


def train_job_name(declared: Declared) -> str:
    """Name of the job that trains an arm."""
    return job_name(declared, "train")


def _node_name(declared: Declared) -> str:
    """Name of the job's only node; Dagster requires it to differ from the job's."""
    return f"{declared.name}_iterations"


def train_config(declared: Declared, updates: int) -> dict[str, object]:
    """Run config of a training to a number of updates."""
    return {"ops": {_node_name(declared): {"config": {"updates": updates}}}}


def train_job(declared: Declared, training: Training) -> dg.JobDefinition:
    """Trains an arm until it has had the updates asked for.

    Args:
        declared: The experiment.
        training: Does it.
    """
    name, last = train_job_name(declared), declared.experiment.iterations

    class TrainConfig(dg.Config):
        """The options of the job."""

        updates: int = Field(
            default=last,
            ge=1,
            le=last,
            description=f"Total updates of the arm, at most the declared {last}. The training "
            "continues from the arm's present state, also after a killed or cancelled run; it does "
            "nothing if the arm has that many updates already.",
        )

    def body(context: dg.OpExecutionContext, config: TrainConfig) -> dg.Output[None]:
        with own_message_first(), retried_without_database():
            declared.claim(context)
            start = training.run(context, context.partition_key, config.updates)
        counts = {"from": start, "updates": config.updates}
        if RESULTS_LATER_TAG in context.run.tags:
            return dg.Output(None, metadata=counts)
        last_run = declared.workspace().at(context.partition_key, config.updates - 1)
        return dg.Output(None, metadata={**arm_picture(last_run), **counts})

    body.__annotations__["config"] = TrainConfig
    op = dg.op(
        name=_node_name(declared),
        description="Runs rollouts, rewards, log-probabilities, token weights and update, one "
        "iteration after the other. Every stage is published as it ends.",
        required_resource_keys=set(run_cluster(declared)),
    )(body)
    arms = dg.StaticPartitionsDefinition(list(declared.experiment.lineages()))

    @dg.job(
        name=name,
        description="Trains the chosen arm to `updates` updates, in one process that keeps "
        "imports, model and engine. Cancel it at any time: the next launch continues with the "
        "first missing stage.",
        config=dg.PartitionedConfig(
            partitions_def=arms,
            run_config_for_partition_key_fn=lambda _: train_config(declared, last),
            tags_for_partition_key_fn=lambda arm: {ARM_TAG: arm},
        ),
        executor_def=dg.in_process_executor,
        resource_defs=run_cluster(declared),
    )
    def job() -> None:
        op()

    return job
