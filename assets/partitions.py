"""Arms x iterations.

Iteration k of `policy` holds the weights after k updates, so `policy` and its scores have one
partition more than the stages of an iteration.
"""

import warnings
from collections.abc import Iterable

import dagster as dg

from rlsd_pipeline.config.experiment import ExperimentConfig

ARM = "arm"
ITERATION = "iteration"


def iteration_key(iteration: int) -> str:
    """`7` -> `007`, `1000` -> `1000`: an experiment that is extended keeps its keys."""
    return f"{iteration:03d}"


def partition_key(arm: str, iteration: int) -> dg.MultiPartitionKey:
    """The partition of an arm's iteration."""
    return dg.MultiPartitionKey({ARM: arm, ITERATION: iteration_key(iteration)})


def split_key(key: str) -> tuple[str, int]:
    """Arm and iteration of a partition key; dimensions are joined in alphabetical order."""
    arm, iteration = key.split("|")
    return arm, int(iteration)


def partitions(experiment: ExperimentConfig, count: int) -> dg.MultiPartitionsDefinition:
    """All arms by the first `count` iterations."""
    return dg.MultiPartitionsDefinition(
        {
            ARM: dg.StaticPartitionsDefinition(list(experiment.lineages())),
            ITERATION: dg.StaticPartitionsDefinition([iteration_key(k) for k in range(count)]),
        }
    )


def same_iteration(arms: Iterable[str] | None = None) -> dg.MultiPartitionMapping:
    """Partitions of equal keys, between definitions of different length.

    Args:
        arms: The arms that depend on anything at all; None for every one.
    """
    same = dg.IdentityPartitionMapping()
    chosen = same if arms is None else dg.StaticPartitionMapping({arm: arm for arm in arms})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.MultiPartitionMapping(
            {
                ARM: dg.DimensionPartitionMapping(ARM, chosen),
                ITERATION: dg.DimensionPartitionMapping(ITERATION, same),
            }
        )
