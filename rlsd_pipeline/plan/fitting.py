"""Checks whether a phase fits into a device, and finds the changes that would make it fit."""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rlsd_pipeline.config.hardware import HardwareConfig
from rlsd_pipeline.plan.layout import FLOAT32, LANGUAGE_MODEL, Adapter, Layout
from rlsd_pipeline.plan.memory import GIB, Demand, Phase, phases

Change = tuple[str, str, Layout]
"""Its kind, what to declare, and the layout that it gives."""

_RANK = 64
_MOST_NODES = 128


@dataclass(frozen=True)
class Misfit:
    """A phase that does not fit into a device.

    Attributes:
        phase: Which.
        needed: Bytes on one device.
        available: Bytes of one device.
        remedies: Changes that make it fit, each by itself; all of them together where none does.
    """

    phase: str
    needed: int
    available: int
    remedies: tuple[str, ...]

    def of(self, methods: Iterable[str]) -> str:
        """The message about methods that all lack this."""
        ways = "; or ".join(self.remedies) or "nothing that is tried here: use larger devices"
        return (
            f"{self.phase} ({', '.join(methods)}) takes {self.needed / GIB:.1f} GiB of a device "
            f"that has {self.available / GIB:.1f}. What would fit: {ways}"
        )


def find_misfits(demand: Demand, spread: Layout, hardware: HardwareConfig) -> list[Misfit]:
    """Every phase that a device cannot hold."""
    available = int(hardware.figures.memory_gib * GIB)
    found, _ = phases(demand, spread, hardware)
    return [
        Misfit(
            phase.name,
            phase.total,
            available,
            tuple(_remedies(phase, demand, spread, hardware)),
        )
        for phase in found
        if phase.total > available
    ]


def _remedies(
    phase: Phase, demand: Demand, spread: Layout, hardware: HardwareConfig
) -> Iterator[str]:
    """Changes that help alone, or else all kinds of change together, the cheapest first."""
    available = hardware.figures.memory_gib * GIB

    def total(changed: Layout) -> int:
        found, _ = phases(demand, changed, hardware)
        return next(each.total for each in found if each.name == phase.name)

    alone: dict[str, str] = {}
    for kind, text, changed in _changes(phase.name, demand, spread, hardware):
        if total(changed) <= available:
            alone.setdefault(kind, text)
    if alone:
        yield from alone.values()
        return
    together: dict[str, str] = {}
    while total(spread) > available:
        untried = (
            change
            for change in _changes(phase.name, demand, spread, hardware)
            if change[0] not in together and total(change[2]) < total(spread)
        )
        found = next(untried, None)
        if found is None:
            return
        kind, text, spread = found
        together[kind] = text
    yield " and ".join(together.values())


def _changes(
    phase: str, demand: Demand, spread: Layout, hardware: HardwareConfig
) -> Iterator[Change]:
    """The changes that reduce the memory of a phase, the cheapest first."""
    work = demand.work
    if phase == "sampling":
        yield from _engine_changes(spread)
    else:
        prompt = work.longest_teacher_prompt if phase == "scoring" else 0
        row = max(prompt, work.longest_prompt) + work.longest_response
        if spread.micro_batch_tokens > row:
            smaller = dataclasses.replace(spread, micro_batch_tokens=row)
            yield (
                "budget",
                f"update.micro_batch_tokens: {row} (the longest response alone)",
                smaller,
            )
    if phase == "update" and not spread.checkpointing:
        checkpointed = dataclasses.replace(spread, checkpointing=True)
        yield "layers", "activation_checkpointing: true (of compute)", checkpointed
    if {"sampling": spread.engine_bytes, "scoring": spread.scoring_bytes}.get(
        phase, spread.compute_bytes
    ) > 2:
        halved = dataclasses.replace(
            spread,
            compute_bytes=2,
            scoring_bytes=2,
            engine_bytes=2,
            weight_bytes=spread.weight_bytes if spread.shards > 1 else 2,
            master_bytes=0 if spread.shards > 1 else FLOAT32,
        )
        yield "precision", "bfloat16 in place of float32", halved
    if phase == "update":
        yield from _update_changes(spread, hardware)


def _engine_changes(spread: Layout) -> Iterator[Change]:
    prompts = (spread.engine_prompts or 0) if spread.engine_share is None else 0
    while prompts > 1:
        prompts //= 2
        fewer = dataclasses.replace(spread, engine_prompts=prompts)
        yield "prompts", f"engine.batch_prompts: {prompts}", fewer
    for count in (2, 4, 8):
        if count > spread.engine_devices:
            wider = dataclasses.replace(spread, engine_devices=count)
            yield "engine", f"an engine over {count} devices (tensor_parallel_size)", wider
            return


def _update_changes(spread: Layout, hardware: HardwareConfig) -> Iterator[Change]:
    if spread.lora is None:
        lora = Adapter(_RANK, LANGUAGE_MODEL)
        yield "adapter", f"update.lora: {{rank: {_RANK}}}", dataclasses.replace(spread, lora=lora)
    for nodes in (1, 2, 4, 8, 16, 32, 64, _MOST_NODES):
        count = nodes * hardware.devices_per_node
        if count > spread.shards:
            wider = dataclasses.replace(spread, shards=count)
            yield "devices", f"{count} devices, over which FSDP2 divides the update", wider
