"""A larger batch of the same iteration's policy: more problems than its update reads.

An update of few problems says little about fidelity, bias and noise. The same policy can sample
responses to as many problems as the data set has.
"""

import re
from dataclasses import dataclass, field

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.stages.comparison.counterfactual import Counterfactual, make_credit
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import StageRun
from schemas import Problem

_NAME = re.compile(r"(\d+)-problems")


@dataclass(frozen=True)
class LargerBatch(Counterfactual):
    """A place whose iteration has more problems; policy and teachers are those of the place.

    Attributes:
        prompts: Problems of the batch.
    """

    prompts: int = field(kw_only=True)

    @property
    def experiment(self) -> ExperimentConfig:
        """The declared experiment with another batch size."""
        declared = self.place.experiment
        sampling = declared.sampling.model_copy(update={"prompts": self.prompts})
        return declared.model_copy(update={"sampling": sampling})


def batch_of(run: StageRun, prompts: int) -> LargerBatch:
    """A stage run on a larger batch for the same policy; nothing is computed yet."""
    change = f"{prompts}-problems"
    return LargerBatch(
        run.workspace, run.arm, run.iteration, place=run, change=change, prompts=prompts
    )


def make_batch(run: StageRun, prompts: int) -> LargerBatch:
    """Its rollouts, rewards, scores and token weights, from the store or computed.

    Raises:
        ConfigError: The data set has fewer training problems.
    """
    known = run.read("problems").table(Problem, columns=["split"])["split"]
    most = known.to_pylist().count("train")
    if prompts > most:
        raise ConfigError(
            f"{run.workspace.name} has {most:,} training problems, fewer than the requested batch "
            f"of {prompts:,}: request {most:,} or fewer"
        )
    batch = batch_of(run, prompts)
    batch.make(RolloutsStage)
    batch.make(RewardsStage)
    make_credit(batch)
    return batch


def widest(run: StageRun, stage: str) -> StageRun:
    """The largest stored batch of a stage here; the iteration's own without one."""
    beside = run.reference("what_if")
    made = run.workspace.store.refs(f"{beside}/{run.iteration:03d}/")
    names = {name.split("/")[-2] for name in made if name.split("/")[-1] == stage}
    sizes = [int(found[1]) for name in names if (found := _NAME.fullmatch(name))]
    return batch_of(run, max(sizes)) if sizes else run
