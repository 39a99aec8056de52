"""Refuses an experiment before anything is downloaded, where it cannot run."""

from typing import Any

import torch

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.plan.machine import describe
from rlsd_pipeline.plan.memory import GIB
from rlsd_pipeline.plan.planning import Plan, make_plan


def require_hardware(name: str, experiment: ExperimentConfig) -> None:
    """Require that an experiment fits on its declared hardware, and that the hardware is there.

    That is this machine, or the Ray cluster at a given address, whose devices may come and go. One
    that KubeRay makes is not there yet. An experiment that declares no hardware is let through.

    Raises:
        ConfigError: It fits on none, this is no such machine, or Ray is missing; says what to do.
        ComputeError: There is no cluster at the address.
        ModelError: The model's configuration cannot be found, or is of a kind that is not planned.
    """
    hardware = experiment.hardware
    if hardware is None:
        return
    plan = make_plan(name, experiment, hardware)
    if plan.refusals:
        raise ConfigError(refusal(plan))
    compute: Any = experiment.compute
    if compute.type == "ray" and compute.kuberay is not None:
        return
    if compute.type == "ray" and compute.address is not None:
        from rlsd_pipeline.compute.ray_cluster import connect

        connect(compute)
        return
    here = torch.cuda.device_count()
    if here < hardware.devices_per_node:
        found = f"has {here} of them" if here else "has no CUDA device"
        most = max(phase.total for phase in plan.phases) / GIB
        raise ConfigError(
            f"{name} is declared for {describe(hardware)}, and this machine {found}. Each device "
            f"is to hold up to {most:.1f} GiB (`rlsd plan {name}` shows of what). Run it there, or "
            "declare a smaller model, `hardware` and `compute` for this machine; to try the "
            "pipeline here, `rlsd demo` needs no GPU"
        )


def refusal(plan: Plan) -> str:
    """Why a plan cannot be carried out, one line each."""
    return "\n  ".join([f"{plan.name} does not fit on {describe(plan.hardware)}:", *plan.refusals])
