"""Policies kept in memory between the stages of one process, by the digest of their artifact."""

import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.models.loading import load_policy
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.weights import weight_files
from schemas import PolicyCheckpoint


class Trained(NamedTuple):
    """A policy and the optimizer state that goes with it, by parameter name; empty at the start."""

    policy: Policy
    optimizer_state: dict[str, Tensor]


class PolicyPool:
    """Loads a policy once and keeps the most recently used ones.

    Args:
        capacity: Policies kept; two hold a student and its teacher.
        threads: CPU threads the policies may use; None leaves it to torch.
    """

    def __init__(self, capacity: int = 2, threads: int | None = None) -> None:
        self._capacity = capacity
        if threads is not None:
            torch.set_num_threads(threads)
        self._kept: OrderedDict[str, Trained] = OrderedDict()

    def get(self, artifact: Artifact) -> Policy:
        """The policy of an artifact, to be read and not changed."""
        if artifact.digest not in self._kept:
            self.put(artifact.digest, _load(artifact))
        self._kept.move_to_end(artifact.digest)
        return self._kept[artifact.digest].policy

    def take(self, artifact: Artifact) -> Trained:
        """The policy of an artifact, to be changed in place: the pool forgets it."""
        kept = self._kept.pop(artifact.digest, None)
        return kept or _load(artifact)

    def put(self, digest: str, trained: Trained) -> None:
        """Keep a policy under the digest of the artifact that holds it."""
        self._kept[digest] = trained
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)


def _load(artifact: Artifact) -> Trained:
    checkpoint = artifact.record(PolicyCheckpoint)
    with tempfile.TemporaryDirectory(prefix="rlsd-policy-") as directory:
        policy = load_policy(artifact.checkout(Path(directory), checkpoint.model_files))
    state: dict[str, Tensor] = {}
    for name in checkpoint.optimizer_files:
        state |= load_file(artifact.local_path(name))
    return Trained(policy, state)


def optimizer_state(policy: Policy, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The state of an optimizer as tensors by `parameter/field`."""
    return {
        f"{name}/{field}": value.detach().reshape(value.shape or (1,)).clone()
        for name, parameter in policy.model.named_parameters()
        for field, value in optimizer.state.get(parameter, {}).items()
    }


def restore_optimizer(
    policy: Policy, optimizer: torch.optim.Optimizer, state: dict[str, Tensor]
) -> None:
    """Give an optimizer the state that `optimizer_state` took; an empty one changes nothing."""
    if not state:
        return
    loaded: dict[int, dict[str, Tensor]] = {}
    trained = [name for name, p in policy.model.named_parameters() if p.requires_grad]
    for index, name in enumerate(trained):
        fields = {
            key.removeprefix(f"{name}/"): value
            for key, value in state.items()
            if key.rsplit("/", 1)[0] == name
        }
        if fields:
            loaded[index] = fields | {"step": fields["step"].reshape(())}
    optimizer.load_state_dict({**optimizer.state_dict(), "state": loaded})


def not_finite_weights(artifact: Artifact) -> int:
    """Weights of a checkpoint that are nan or infinite."""
    names = weight_files(artifact.record(PolicyCheckpoint).model_files)
    return sum(
        int((~value.isfinite()).sum())
        for name in names
        for value in load_file(artifact.local_path(name)).values()
    )
