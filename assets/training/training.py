"""Trains an arm to its n-th update in one run, from its present state on."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import dagster as dg

from assets.behind import Marks, is_behind
from assets.declared import Declared
from assets.partitions import partition_key
from assets.pipes_launcher import PipesLauncher
from assets.training.publisher import Context, Publisher
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.registry import iteration_of

UPDATES_TAG = "updates"
"""Tag of a run with its progress, such as `4 of 10`."""

Observer = Callable[[str, int], None]
"""Told an arm, and how many updates it has had."""


def unobserved(arm: str, updates: int) -> None:
    """Nobody watches but the run's log."""


@dataclass
class Training:
    """The training loop of one experiment in this process; models stay in memory.

    Attributes:
        declared: The experiment.
        observe: Told of every iteration that ends.
    """

    declared: Declared
    observe: Observer = unobserved
    _complete: dict[str, int] = field(default_factory=dict)

    def complete(self, instance: dg.DagsterInstance, arm: str, total: int) -> int:
        """How many of an arm's first iterations are done, of `total`.

        What was found done once is not looked at again, unless something before it was made anew.
        """
        known = instance.get_materialized_partitions(self.declared.key(PolicyStage.name))
        done = min(self._complete.get(arm, 0), total)
        if done and is_behind(self.declared, instance, arm, done):
            done = 0
        while done < total and self._is_done(known, arm, done):
            done += 1
        self._complete[arm] = done
        return done

    def is_done(self, instance: dg.DagsterInstance, arm: str, iteration: int) -> bool:
        """Whether an iteration is complete, as now declared, and known to the instance."""
        known = instance.get_materialized_partitions(self.declared.key(PolicyStage.name))
        return self._is_done(known, arm, iteration)

    def _is_done(self, known: Collection[str], arm: str, iteration: int) -> bool:
        """The next policy is published last, once the checkpoint has passed its check."""
        run = self.declared.workspace().at(arm, iteration)
        return partition_key(arm, iteration + 1) in known and all(
            self.declared.stage(stage).is_current(run) for stage in iteration_of(run.arm)
        )

    def run(self, context: Context, arm: str, total: int) -> int:
        """Train an arm until it has had `total` updates; returns how many it had before.

        The first stage that is missing, or is not what is now declared, is where it goes on.

        Raises:
            RlsdError: The machine, a package or a stage refuses.
            dagster.Failure: A check failed.
        """
        publisher = Publisher(context, self.declared)
        self._begin(publisher, context, arm)
        start = self.complete(context.instance, arm, total)
        marks = Marks.of(self.declared, context)
        if is_behind(self.declared, context.instance, arm, start):
            marks.restore(self.declared.workspace().at(arm, 0))
        context.log.info("%s has had %d of %d updates", arm, start, total)
        for iteration in range(start, total):
            began = time.perf_counter()
            run = self.declared.workspace().at(arm, iteration, launcher=PipesLauncher(context))
            for stage in iteration_of(run.arm):
                publisher.make(self.declared.stage(stage), run.as_drawn())
            marks.settle(run, PolicyCheckpointStage.name)
            seconds = time.perf_counter() - began
            context.log.info("%s: update %d of %d, %.1f s", arm, iteration + 1, total, seconds)
            context.instance.add_run_tags(
                context.run_id, {UPDATES_TAG: f"{iteration + 1} of {total}"}
            )
            self._complete[arm] = iteration + 1
            self.observe(arm, iteration + 1)
        return start

    def _begin(self, publisher: Publisher, context: Context, arm: str) -> None:
        """Make the artifacts that an arm begins with, if they are missing."""
        from assets.training.requirements import require

        require(self.declared)
        for stage in (ProblemsStage, PolicyStage):
            run = self.declared.workspace().at(arm, 0)
            if not publisher.knows(self.declared.stage(stage), run):
                publisher.make(self.declared.stage(stage), run)
