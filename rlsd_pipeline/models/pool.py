"""Policies kept in memory between the stages of one process, by the digest of their artifact."""

import json
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.place import Device
from rlsd_pipeline.config.precision import Precision
from rlsd_pipeline.models.adapter import split
from rlsd_pipeline.models.allocator import keep_freed_memory
from rlsd_pipeline.models.loading import load_policy
from rlsd_pipeline.models.placement import torch_device
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.weights import weight_files
from schemas import PolicyCheckpoint


class Trained(NamedTuple):
    """A policy and the optimizer state that goes with it, by parameter name; empty at the start."""

    policy: Policy
    optimizer_state: dict[str, Tensor]


class _Kept(NamedTuple):
    """A policy in memory; its optimizer state is None until somebody is to go on training it.

    A teacher or a policy that is evaluated has no use for it, and may have it no longer.
    """

    policy: Policy
    optimizer_state: dict[str, Tensor] | None


class PolicyPool:
    """Loads a policy once and keeps the most recently used ones, each in one precision.

    Args:
        capacity: Policies kept; two hold a student and its teacher.
        threads: CPU threads the policies may use; None leaves it to torch.
        device: Where the policies are.

    Raises:
        ConfigError: There is no such device.
    """

    def __init__(
        self, capacity: int = 2, threads: int | None = None, device: Device = "cpu"
    ) -> None:
        self._capacity, self._device = capacity, torch_device(device)
        keep_freed_memory()
        if threads is not None:
            torch.set_num_threads(threads)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def get(self, artifact: Artifact, precision: Precision | None = None) -> Policy:
        """The policy of an artifact, to be read and not changed.

        Args:
            artifact: Holds the policy.
            precision: Of its weights and what they compute; None takes that which it samples in.
        """
        kept = self._forget(artifact, precision)
        self._keep(artifact.digest, kept or _Kept(_load_policy(artifact, precision), None))
        return self._on_device(self._kept[artifact.digest].policy)

    def reader(self, artifact: Artifact) -> Policy:
        """The policy of an artifact in any precision: its tokenizer and processor are asked."""
        kept = self._kept.get(artifact.digest)
        return self.get(artifact) if kept is None else kept.policy

    def take(self, artifact: Artifact, precision: Precision | None = None) -> Trained:
        """The policy of an artifact, to be changed in place: the pool forgets it; see `get`."""
        kept = self._forget(artifact, precision) or _Kept(_load_policy(artifact, precision), None)
        kept.policy.weights_digest = None
        state = kept.optimizer_state
        policy = self._on_device(kept.policy)
        return Trained(policy, _load_state(artifact) if state is None else state)

    def put(self, digest: str, trained: Trained) -> None:
        """Keep a policy under the digest of the artifact that holds it."""
        self._keep(digest, _Kept(*trained))

    def leave_device(self) -> None:
        """Give the device's memory to others; the next request for a policy brings it back."""
        if self._device.type == "cpu":
            return
        for kept in self._kept.values():
            kept.policy.model.to("cpu")
        torch.cuda.empty_cache()

    def _forget(self, artifact: Artifact, precision: Precision | None) -> "_Kept | None":
        """Take a policy out; None if it is absent or in another precision."""
        kept = self._kept.pop(artifact.digest, None)
        wanted = sampling_dtype(artifact) if precision is None else getattr(torch, precision)
        return kept if kept is not None and kept.policy.model.dtype == wanted else None

    def _on_device(self, policy: Policy) -> Policy:
        policy.model.to(self._device)
        return policy

    def _keep(self, digest: str, kept: "_Kept") -> None:
        kept.policy.weights_digest = digest
        self._kept[digest] = kept
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)


def sampling_dtype(artifact: Artifact) -> torch.dtype:
    """The declared type of a checkpoint in sampling; the stored weights may be more exact."""
    config = json.loads(artifact.local_path("config.json").read_bytes())
    return getattr(torch, config.get("dtype") or config.get("torch_dtype") or "float32")


def _load_policy(artifact: Artifact, precision: Precision | None) -> Policy:
    checkpoint = artifact.record(PolicyCheckpoint)
    dtype = sampling_dtype(artifact) if precision is None else getattr(torch, precision)
    with tempfile.TemporaryDirectory(prefix="rlsd-policy-") as directory:
        folder = artifact.checkout(Path(directory), checkpoint.model_files)
        if dtype == torch.float32 or not checkpoint.adapter_files:
            return load_policy(folder, dtype=dtype)
        policy = load_policy(folder, dtype=torch.float32)
        split(policy.model, artifact.checkout(folder, checkpoint.adapter_files))
    policy.model.config.dtype = dtype
    # Not `to(dtype)`, which would round buffers as well: rotations stay float32 in loaded models.
    for parameter in policy.model.parameters():
        parameter.data = parameter.data.to(dtype)
    return policy


def exact_weights(artifact: Artifact) -> dict[str, Tensor]:
    """The weights of a checkpoint as it stores them, in float32, by parameter name."""
    files = artifact.record(PolicyCheckpoint).model_files
    with tempfile.TemporaryDirectory(prefix="rlsd-policy-") as directory:
        policy = load_policy(artifact.checkout(Path(directory), files), dtype=torch.float32)
    return {name: p.detach() for name, p in policy.model.named_parameters()}


def _load_state(artifact: Artifact) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    for name in artifact.record(PolicyCheckpoint).optimizer_files:
        state |= load_file(artifact.local_path(name))
    return state


def optimizer_state(policy: Policy, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The state of an optimizer as tensors by `parameter/field`."""
    return {
        f"{name}/{field}": value.detach().reshape(value.shape or (1,)).clone()
        for name, parameter in policy.trained.items()
        for field, value in optimizer.state.get(parameter, {}).items()
    }


def restore_optimizer(
    policy: Policy, optimizer: torch.optim.Optimizer, state: Mapping[str, Tensor]
) -> None:
    """Give an optimizer the state that `optimizer_state` took; an empty one changes nothing."""
    if not state:
        return
    loaded: dict[int, dict[str, Tensor]] = {}
    for index, name in enumerate(policy.trained):
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
