"""This machine as declared hardware."""

import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch

from rlsd_pipeline.config.hardware import DEVICES, DeviceConfig, HardwareConfig, Processor
from rlsd_pipeline.config.place import Device

_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
_SIDE = 1024
_COPIED = 1 << 27
_REPEATS = 5


@cache
def this_machine(device: Device = "auto") -> HardwareConfig:
    """Its CUDA devices, or its processor as one device whose speed is measured in a moment.

    Args:
        device: CUDA or the CPU; `auto` is CUDA if torch finds it.
    """
    if torch.cuda.is_available() and device != "cpu":
        return HardwareConfig(device=_cuda_device(), devices_per_node=torch.cuda.device_count())
    rate = _teraflops()
    processor = Processor(
        memory_gib=_memory() / 2**30,
        teraflops=rate,
        teraflops_float32=rate,
        bandwidth=_bandwidth(),
    )
    # What the system and the interpreter with its libraries take.
    return HardwareConfig(device=processor, reserved_gib=1.0)


def _memory() -> int:
    """Bytes of this machine, or of the container that this process is in."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = _CONTAINER_LIMIT.read_text(encoding="ascii").strip()
    except OSError:
        return physical
    return min(physical, int(limit)) if limit.isdigit() else physical


def describe(hardware: HardwareConfig) -> str:
    """One line about hardware."""
    figures = hardware.figures
    name = hardware.device if isinstance(hardware.device, str) else "device(s)"
    nodes = f"{hardware.nodes} nodes of " if hardware.nodes > 1 else ""
    return (
        f"{nodes}{hardware.devices_per_node} {name}, each {figures.memory_gib:.0f} GiB, "
        f"{figures.teraflops:g} TFLOP/s (bfloat16), {figures.bandwidth:g} GB/s"
    )


def _cuda_device() -> DeviceConfig:
    """The table's figures, with the memory that is really there; measured where it has none."""
    found = torch.cuda.get_device_properties(0)
    memory = found.total_memory / 2**30
    for name, figures in DEVICES.items():
        if all(part in found.name for part in name.split("-")):
            return figures.model_copy(update={"memory_gib": memory})
    rate = _teraflops("cuda")
    return DeviceConfig(
        memory_gib=memory, teraflops=rate, teraflops_float32=rate, bandwidth=_bandwidth("cuda")
    )


def _teraflops(device: str = "cpu") -> float:
    """Measured rate of a float32 product of square matrices; the best of a few."""
    matrix = torch.ones(_SIDE, _SIDE, device=device)
    return 2 * _SIDE**3 / _best(lambda: matrix @ matrix, device) / 1e12


def _bandwidth(device: str = "cpu") -> float:
    """GB/s of a copy, which reads and writes."""
    source = torch.ones(_COPIED // 4, device=device)
    target = torch.empty_like(source)
    return 2 * _COPIED / _best(lambda: target.copy_(source), device) / 1e9


def _best(work: Callable[[], object], device: str) -> float:
    """Seconds of the fastest of a few calls."""
    seconds = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
