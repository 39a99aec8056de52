"""The device of a policy, and the creation of tensors on it."""

from contextlib import AbstractContextManager, nullcontext

import torch
from transformers import PreTrainedModel

from rlsd_pipeline.config.place import Device
from rlsd_pipeline.errors import ConfigError


def torch_device(declared: Device) -> torch.device:
    """The device of this process that a declaration means.

    Raises:
        ConfigError: It asks for CUDA, and torch finds none.
    """
    found = torch.cuda.is_available()
    if declared == "cuda" and not found:
        raise ConfigError(
            "compute.device is `cuda`, and torch finds no CUDA device: run where there is one, "
            "install a CUDA build of torch, or declare `device: cpu`"
        )
    return torch.device("cuda" if found and declared != "cpu" else "cpu")


def beside(model: PreTrainedModel) -> AbstractContextManager[object]:
    """Tensors that are made within are on the model's device unless they say otherwise."""
    # Nothing is entered where nothing changes: the mode of torch that does it slows every call.
    if model.device == torch.get_default_device():
        return nullcontext()
    return model.device
