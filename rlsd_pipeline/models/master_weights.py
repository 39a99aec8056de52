"""float32 weights beside a model that computes in bfloat16.

A step of AdamW is about as large as the learning rate. At 1e-6 that is far below half a unit of
bfloat16 of almost every weight (2⁻⁹ of it), so a step on bfloat16 weights is rounded away. Here
gradients are gathered in float32, the optimizer steps float32 weights, and the model computes with
these weights as bfloat16 rounds them: what FSDP2's mixed precision does where several processes
train.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn


class MasterWeights:
    """The float32 weights that an optimizer trains in place of a model's own parameters.

    Gradients of the model arrive here by themselves, and are dropped there.

    Args:
        model: Computes; those of its parameters that require gradients are trained.
        values: Their float32 values by name, which may be more exact than the model's. They are
            taken over, not copied, and change from now on.

    Attributes:
        parameters: What is trained, by the name of the model's parameter.
    """

    def __init__(self, model: nn.Module, values: Mapping[str, Tensor]) -> None:
        self._computing = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self.parameters = {
            name: nn.Parameter(values[name].detach().to(parameter.device, torch.float32))
            for name, parameter in self._computing.items()
        }
        self._hooks = [
            parameter.register_post_accumulate_grad_hook(_gatherer(self.parameters[name]))
            for name, parameter in self._computing.items()
        ]
        self.publish()

    @torch.no_grad()
    def publish(self) -> None:
        """Round the weights into the model's parameters."""
        for name, parameter in self._computing.items():
            parameter.copy_(self.parameters[name])

    def release(self) -> None:
        """Leave the model to itself."""
        for hook in self._hooks:
            hook.remove()


def _gatherer(master: nn.Parameter) -> Callable[[Tensor], None]:
    def gather(parameter: Tensor) -> None:
        gradient, parameter.grad = parameter.grad, None
        if gradient is None:
            return
        if master.grad is None:
            master.grad = gradient.to(torch.float32)
        else:
            master.grad += gradient

    return gather
