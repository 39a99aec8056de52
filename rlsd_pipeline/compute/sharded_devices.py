"""The processes of an update over a sharded policy.

All processes must run the same number of forward and backward passes through the same layers,
since each pass gathers parameters from all of them. Every process knows the whole table, and so
knows what the others run. A process with fewer groups runs a group without weight instead.
"""

from collections.abc import Callable, Iterable, Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import register_fsdp_forward_method
from transformers import PreTrainedModel

from rlsd_pipeline.compute.sharded_policy import whole
from rlsd_pipeline.models.batching import Part
from rlsd_pipeline.update.devices import Output, Responses, StandIn, Turn

_METHOD = "run_sharded"


class ShardedDevices:
    """See `Devices`.

    Args:
        model: Sharded over the mesh.
        mesh: The processes.
    """

    def __init__(self, model: nn.Module, mesh: DeviceMesh) -> None:
        self._mesh = mesh
        self._device = torch.device(mesh.device_type)
        # What is called here is a forward of the whole: parameters outside the layers are gathered
        # for it, and their gradients are summed after its backward pass.
        setattr(model, _METHOD, _call)
        register_fsdp_forward_method(model, _METHOD)

    def turns(self, responses: Responses, budget: int) -> list[Turn]:
        """See `Devices`."""
        size, rank = self._mesh.size(), self._mesh.get_local_rank()
        batches = responses.micro_batches(min(budget, _even_budget(responses, size)))
        turns = []
        for start in range(0, len(batches), size):
            # Of like length, since they are sorted by it.
            together = batches[start : start + size]
            own = together[rank] if rank < len(together) else []
            tokens = sum(responses.tokens(parts) for parts in together)
            turns.append(Turn(own, _stand_in(responses, own, together), tokens))
        return turns

    def run(self, model: PreTrainedModel, forward: Callable[[], Output]) -> Output:
        """See `Devices`."""
        with self._device:
            return getattr(model, _METHOD)(forward)

    def clip(self, parameters: Iterable[nn.Parameter], max_norm: float) -> float:
        """See `Devices`."""
        norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
        return whole(norm).item()

    def sums(self, values: Sequence[float]) -> list[float]:
        """See `Devices`."""
        return self._reduced(values, dist.ReduceOp.SUM).tolist()

    def largest(self, value: float) -> float:
        """See `Devices`."""
        return self._reduced([value], dist.ReduceOp.MAX).item()

    def _reduced(self, values: Sequence[float], operation: dist.ReduceOp.RedOpType) -> Tensor:
        reduced = torch.tensor(values, dtype=torch.float64, device=self._device)
        dist.all_reduce(reduced, operation, group=self._mesh.get_group())
        return reduced


def _call(forward: Callable[[], Output]) -> Output:
    return forward()


def _even_budget(responses: Responses, size: int) -> int:
    """Tokens of each process if all had the same; a smaller table leaves none of them idle."""
    total = sum(
        len(rows) * (len(prompt.prompt_ids) + max(rows, default=0))
        for prompt, rows in zip(responses.prompts, responses.lengths, strict=True)
    )
    return -(-total // size)


def _stand_in(
    responses: Responses, own: Sequence[Part], together: Sequence[Sequence[Part]]
) -> StandIn | None:
    """The shortest group that makes a process run what the others run; None if it does without."""
    prompts = responses.prompts

    def sees(parts: Iterable[Part]) -> bool:
        return any(prompts[part.group].sees for part in parts)

    def continues(parts: Iterable[Part]) -> bool:
        return any(responses.lengths[part.group][row] > 1 for part in parts for row in part.rows)

    images = any(sees(parts) for parts in together)
    extends = any(continues(parts) for parts in together)
    if own and sees(own) == images and continues(own) == extends:
        return None
    fit = [g for g, prompt in enumerate(prompts) if prompt.sees == images]
    shortest = min(fit, key=lambda group: len(prompts[group].prompt_ids))
    return StandIn(shortest, 2 if extends else 1)
