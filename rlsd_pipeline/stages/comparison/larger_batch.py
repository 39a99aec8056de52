"""The policy of an iteration before another batch: more problems than an update sees.

One batch of an update bounds its gradient's bias and noise loosely; the same policy can be asked
about as many problems as the data set has.
"""

from dataclasses import dataclass, field

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.stages.comparison.what_if import WhatIf
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.run import StageRun


@dataclass(frozen=True)
class LargerBatch(WhatIf):
    """A place whose iteration has more problems; policy and teachers are those of the place.

    Attributes:
        prompts: Problems of the batch.
    """

    prompts: int = field(kw_only=True)

    @property
    def experiment(self) -> ExperimentConfig:
        """What is declared, but for the size of the batch."""
        declared = self.place.experiment
        sampling = declared.sampling.model_copy(update={"prompts": self.prompts})
        return declared.model_copy(update={"sampling": sampling})


def larger_batch(run: StageRun, prompts: int) -> LargerBatch:
    """The place with rollouts and rewards of `prompts` problems, from the store or sampled.

    Raises:
        ConfigError: The data set has fewer problems to train on.
    """
    batch = LargerBatch(
        run.workspace,
        run.arm,
        run.iteration,
        place=run,
        change=f"{prompts}-problems",
        prompts=prompts,
    )
    batch.make(RolloutsStage)
    batch.make(RewardsStage)
    return batch
