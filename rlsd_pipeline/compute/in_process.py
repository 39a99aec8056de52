"""An update by one process, of a policy in its memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from rlsd_pipeline.artifacts import ArtifactWriter
from rlsd_pipeline.compute.job import UpdateJob, run_job
from rlsd_pipeline.compute.launcher import Launcher
from rlsd_pipeline.compute.update import Update, Updated, Written, write_policy
from rlsd_pipeline.models.adapter import (
    adapter_shapes,
    add_adapter,
    merge,
    merged_weights,
    place_adapter,
    rest,
)
from rlsd_pipeline.models.master_weights import MasterWeights
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.pool import (
    PolicyPool,
    Trained,
    exact_weights,
    optimizer_state,
    restore_optimizer,
)
from rlsd_pipeline.progress import Progress
from rlsd_pipeline.update.policy_update import UpdateGroup, make_optimizer


@dataclass(frozen=True)
class InProcess:
    """See `Updating`; the policy stays in memory.

    Attributes:
        pool: The policies in memory.
    """

    pool: PolicyPool

    def __call__(
        self, asked: Update, out: ArtifactWriter, progress: Progress, launcher: Launcher
    ) -> Written:
        """See `Updating`."""
        policy, state = self._take(asked)
        updated = update_in_memory(policy, state, asked.job, asked.groups(policy), progress)
        trained = Trained(policy, dict(updated.optimizer))
        out.once_kept(lambda digest: self.pool.put(digest, trained))
        return write_policy(out, asked, policy.model, updated)

    def _take(self, asked: Update) -> Trained:
        """The policy, with its adapter and its float32 weights, and the optimizer's state."""
        lora, precision = asked.job.update.lora, asked.job.precision
        policy, state = self.pool.take(asked.policy, precision)
        values: Mapping[str, Tensor] = {}
        if lora is not None:
            policy, _ = self.pool.take(asked.base, precision)
            add_adapter(policy.model, lora)
            values = asked.adapter(adapter_shapes(policy.model))
            place_adapter(policy.model, values)
        elif precision != "float32":
            values = exact_weights(asked.policy)
        if precision != "float32":
            policy.masters = MasterWeights(policy.model, values)
        return Trained(policy, state)


def update_in_memory(
    policy: Policy,
    state: Mapping[str, Tensor],
    job: UpdateJob,
    groups: Sequence[UpdateGroup],
    report: Progress,
) -> Updated:
    """Update a policy in place, and leave it as others read it.

    In float32 an adapter is merged; in bfloat16 it stays beside the base weights.

    Args:
        policy: With its adapter and its float32 weights, where it has them.
        state: State of the optimizer; empty at the start.
        job: How to update.
        groups: The whole table.
        report: Told how far it is.
    """
    optimizer = make_optimizer(policy, job.update)
    restore_optimizer(policy, optimizer, state)
    metrics = run_job(job, policy, optimizer, groups, report)
    state = optimizer_state(policy, optimizer)
    trained = {name: parameter.detach() for name, parameter in policy.trained.items()}
    weights = _float32_weights(policy, trained)
    adapter = {} if job.update.lora is None else trained
    return Updated(
        metrics,
        None if weights is None else weights.items(),
        state.items(),
        adapter.items(),
    )


def _float32_weights(policy: Policy, trained: Mapping[str, Tensor]) -> Mapping[str, Tensor] | None:
    """The weights by parameter name; None where they are the model's own."""
    if policy.masters is None:
        merge(policy.model)
        return None
    policy.masters.release()
    policy.masters = None
    exact = merged_weights(policy.model, trained)
    rest(policy.model)
    return trained if exact is None else exact
