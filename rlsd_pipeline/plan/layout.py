"""The division of a model over devices by the declared compute and engine."""

from dataclasses import dataclass, replace
from typing import Any

from rlsd_pipeline.config.experiment import Arm, ExperimentConfig
from rlsd_pipeline.config.precision import model_precision, training_precision
from rlsd_pipeline.rollouts.engine import Footprint

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
"""Bytes of one value."""

FLOAT32 = BYTES["float32"]
"""Bytes of an optimized weight, its gradient, each optimizer state, and a stored trained weight."""


@dataclass(frozen=True)
class Adapter:
    """A low-rank adapter.

    Attributes:
        rank: Rank of the adapter.
        modules: Names of the linear modules that get one.
    """

    rank: int
    modules: tuple[str, ...]


LANGUAGE_MODEL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""What an adapter is put on by default: the projections of the decoder layers."""


@dataclass(frozen=True)
class Layout:
    """The distribution of the weights over devices, and their precision.

    Attributes:
        shards: Devices that share the update, and over which its weights, gradients and optimizer
            states are divided.
        weight_bytes: Bytes of a weight that the update runs; a sharded one gathers it from float32.
        master_bytes: Of a float32 weight beside a model that computes in less; 0 where what runs
            and what the optimizer steps are one.
        compute_bytes: Bytes of a weight and an activation in a pass of the update.
        checkpointing: Whether the update keeps only what goes into a layer.
        lora: The low-rank adapter that is trained in place of the weights, if any.
        micro_batch_tokens: Tokens of prompts and responses that one device runs at once.
        scoring_devices: Devices that score, each with weights of its own.
        scoring_bytes: Of a weight and an activation while scoring, in the precision that trains.
        base_bytes: Bytes of a weight of the base policy as it is stored.
        engine_copies: Copies of the sampling weights that work side by side; 0 where a server
            elsewhere samples.
        engine_devices: Devices that hold one such copy.
        engine_bytes: Bytes of a weight, a key and a value while sampling.
        engine_share: Share of a device's memory that the engine takes and keeps while the policy
            is trained; None where sampling and training share the weights.
        engine_prompts: Prompts decoded together by one copy; None leaves it to the engine.
    """

    shards: int
    weight_bytes: int
    master_bytes: int
    compute_bytes: int
    checkpointing: bool
    lora: Adapter | None
    micro_batch_tokens: int
    scoring_devices: int
    scoring_bytes: int
    base_bytes: int
    engine_copies: int
    engine_devices: int
    engine_bytes: int
    engine_share: float | None
    engine_prompts: int | None

    @property
    def devices(self) -> int:
        """Devices of the stage that takes most."""
        sampling = self.engine_copies * self.engine_devices
        return max(self.shards, self.scoring_devices, sampling)


def layout(experiment: ExperimentConfig, arm: Arm) -> Layout:
    """The layout that the experiment declares."""
    stored = BYTES[model_precision(experiment.model)]
    here = Layout(
        shards=1,
        weight_bytes=stored,
        master_bytes=0 if stored == FLOAT32 else FLOAT32,
        compute_bytes=stored,
        checkpointing=False,
        lora=_adapter(arm.update),
        micro_batch_tokens=arm.update.micro_batch_tokens,
        scoring_devices=1,
        scoring_bytes=BYTES[training_precision(experiment)],
        base_bytes=stored,
        engine_copies=1,
        engine_devices=1,
        engine_bytes=stored,
        engine_share=None,
        engine_prompts=experiment.engine.batch_prompts,
    )
    here = _compute(here, experiment.compute)
    return _engine(here, experiment.engine.footprint, experiment.compute)


def _compute(here: Layout, compute: Any) -> Layout:
    """Weights, optimizer and the sum of gradients of a sharded update are float32."""
    if not compute.sharded:
        return here
    return replace(
        here,
        shards=compute.ranks,
        weight_bytes=FLOAT32,
        master_bytes=0,
        compute_bytes=BYTES[compute.precision],
        checkpointing=compute.activation_checkpointing,
        scoring_devices=compute.copies,
    )


def _engine(here: Layout, footprint: Footprint, compute: Any) -> Layout:
    return replace(
        here,
        engine_copies=compute.copies * footprint.copies,
        engine_devices=footprint.devices,
        engine_bytes=BYTES[footprint.dtype] if footprint.dtype else here.engine_bytes,
        engine_share=footprint.memory_share,
    )


def _adapter(update: Any) -> Adapter | None:
    lora = getattr(update, "lora", None)
    return None if lora is None else Adapter(lora.rank, tuple(lora.target_modules))
