"""Refuses an experiment that cannot run, before anything is downloaded."""

from contextlib import suppress

import torch

from rlsd_pipeline.compute.build import computes_here
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.hardware import HardwareConfig
from rlsd_pipeline.errors import ConfigError, ModelError
from rlsd_pipeline.plan.lengths import with_data_lengths
from rlsd_pipeline.plan.machine import describe, this_machine
from rlsd_pipeline.plan.memory import GIB
from rlsd_pipeline.plan.planning import Plan, make_plan


def planned_hardware(experiment: ExperimentConfig) -> HardwareConfig:
    """The declared hardware, or this machine where one process does everything.

    Raises:
        ConfigError: The compute spreads over devices that nothing declares.
    """
    if experiment.hardware is not None:
        return experiment.hardware
    if not experiment.compute.sharded:
        return this_machine(experiment.compute.device)
    raise ConfigError(
        f"`compute: {{type: {experiment.compute.type}}}` spreads over devices that only "
        "`hardware` names: declare it, for example `hardware: {device: H100, nodes: 1, "
        "devices_per_node: 8}`, to plan, and to have training check that it fits"
    )


def require_hardware(name: str, experiment: ExperimentConfig) -> None:
    """Require that an experiment fits, and that the declared hardware exists here.

    That is this machine, or the Ray cluster at a given address, whose devices may come and go. One
    that KubeRay makes is not there yet. What fits is what `rlsd plan` says. Without declared
    hardware, a model that is not planned is let through, and so is a compute of several processes.

    Raises:
        ConfigError: It fits on none, this is no such machine, or Ray is missing; says what to do.
        ComputeError: There is no cluster at the address.
        ModelError: The model's configuration cannot be found, or is of a kind that is not planned.
    """
    hardware = experiment.hardware
    if hardware is None:
        if not experiment.compute.sharded:
            with suppress(ModelError):
                _require_room(name, experiment)
        return
    plan = _require_room(name, experiment)
    if not computes_here(experiment.compute):
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


def _require_room(name: str, experiment: ExperimentConfig) -> Plan:
    """The plan, if it can be carried out."""
    hardware = planned_hardware(experiment)
    plan = make_plan(name, experiment, hardware)
    if plan.refusals:
        # Read only here: shorter prompts take no more than the longest that are allowed.
        plan = make_plan(name, with_data_lengths(experiment), hardware)
    if plan.refusals:
        raise ConfigError(refusal(plan))
    return plan


def refusal(plan: Plan) -> str:
    """Why a plan cannot be carried out, one line each."""
    return "\n  ".join([f"{plan.name} does not fit on {describe(plan.hardware)}:", *plan.refusals])
