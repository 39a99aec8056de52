"""Whether a phase fits into a device, and which changes of the declaration would make it fit."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from rlsd_pipeline.config.hardware import HardwareConfig
from rlsd_pipeline.plan.layout import LANGUAGE_MODEL, Adapter, Layout
from rlsd_pipeline.plan.memory import GIB, Demand, Phase, phases

_RANK = 64
_MOST_NODES = 128


@dataclass(frozen=True)
class Misfit:
    """What a phase lacks.

    Attributes:
        method: Whose phase.
        phase: Which.
        needed: Bytes on one device.
        available: Bytes of one device.
        remedies: Changes that make it fit, each by itself; all of them together where none does.
    """

    method: str
    phase: str
    needed: int
    available: int
    remedies: tuple[str, ...]

    def __str__(self) -> str:
        ways = "; or ".join(self.remedies) or "nothing that is tried here: use larger devices"
        return (
            f"{self.phase} of {self.method} takes {self.needed / GIB:.1f} GiB of a device that has "
            f"{self.available / GIB:.1f}. What would fit: {ways}"
        )


def find_misfits(
    method: str, demand: Demand, spread: Layout, hardware: HardwareConfig
) -> list[Misfit]:
    """Every phase of a method that a device cannot hold."""
    available = int(hardware.figures.memory_gib * GIB)
    found, _ = phases(demand, spread, hardware)
    return [
        Misfit(
            method,
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
    """Changes that help alone, or else all changes in turn until it fits."""
    available = hardware.figures.memory_gib * GIB

    def total(changed: Layout) -> int:
        found, _ = phases(demand, changed, hardware)
        return next(each.total for each in found if each.name == phase.name)

    changes = list(_changes(phase.name, demand, spread, hardware))
    alone = [text for text, changed in changes if total(changed) <= available]
    if alone:
        yield from alone
        return
    together, texts = spread, []
    for text, _ in changes:
        for other, changed in _changes(phase.name, demand, together, hardware):
            if other == text and total(changed) < total(together):
                together = changed
                texts.append(text)
        if total(together) <= available:
            yield " and ".join(texts)
            return


def _changes(
    phase: str, demand: Demand, spread: Layout, hardware: HardwareConfig
) -> Iterator[tuple[str, Layout]]:
    """Changes of the declaration that take memory from a phase, the cheapest first."""
    work = demand.work
    if phase == "sampling":
        yield from _engine_changes(spread)
    else:
        prompt = work.longest_teacher_prompt if phase == "scoring" else 0
        row = max(prompt, work.longest_prompt) + work.longest_response
        if spread.micro_batch_tokens > row:
            smaller = dataclasses.replace(spread, micro_batch_tokens=row)
            yield f"update.micro_batch_tokens: {row} (the longest response alone)", smaller
    if phase == "update" and not spread.checkpointing:
        checkpointed = dataclasses.replace(spread, checkpointing=True)
        yield "compute.activation_checkpointing: true (compute: torchrun)", checkpointed
    if {"sampling": spread.engine_bytes, "scoring": spread.scoring_bytes}.get(
        phase, spread.compute_bytes
    ) > 2:
        halved = dataclasses.replace(
            spread,
            compute_bytes=2,
            scoring_bytes=2,
            engine_bytes=2,
            weight_bytes=spread.weight_bytes if spread.shards > 1 else 2,
        )
        yield "bfloat16 in the place of float32", halved
    if phase == "update":
        yield from _update_changes(spread, hardware)


def _engine_changes(spread: Layout) -> Iterator[tuple[str, Layout]]:
    if spread.engine_share is None and (spread.engine_prompts or 0) > 1:
        few = dataclasses.replace(spread, engine_prompts=1)
        yield "engine.batch_prompts: 1", few
    for count in (2, 4, 8):
        if count > spread.engine_devices:
            wider = dataclasses.replace(spread, engine_devices=count)
            yield f"an engine over {count} devices (tensor_parallel_size)", wider
            return


def _update_changes(spread: Layout, hardware: HardwareConfig) -> Iterator[tuple[str, Layout]]:
    if spread.lora is None:
        lora = Adapter(_RANK, LANGUAGE_MODEL)
        yield f"update.lora: {{rank: {_RANK}}}", dataclasses.replace(spread, lora=lora)
    for nodes in (1, 2, 4, 8, 16, 32, 64, _MOST_NODES):
        count = nodes * hardware.devices_per_node
        if count > spread.shards:
            wider = dataclasses.replace(spread, shards=count)
            yield f"{count} devices, over which FSDP2 divides the update", wider
