"""Memory of one device by part, in each phase of an iteration."""

import math
from dataclasses import dataclass

from rlsd_pipeline.config.hardware import HardwareConfig, Processor
from rlsd_pipeline.models.logprobs import LOGITS_AT_ONCE, LOGITS_AT_ONCE_ON_GPU
from rlsd_pipeline.plan import activations
from rlsd_pipeline.plan.architecture import Architecture
from rlsd_pipeline.plan.layout import FLOAT32, Layout
from rlsd_pipeline.plan.workload import Workload

GIB = 2**30


@dataclass(frozen=True)
class Phase:
    """The memory of one device while a stage runs.

    Attributes:
        name: Name of the stage.
        parts: Name of a part -> bytes.
    """

    name: str
    parts: dict[str, int]

    @property
    def total(self) -> int:
        """All parts, bytes."""
        return sum(self.parts.values())


@dataclass(frozen=True)
class Engine:
    """The room of one copy of the sampling weights.

    Attributes:
        cache_bytes: For keys and values, on each of its devices.
        tokens: That fit into it, over all its devices.
        rows: Responses of the longest length that it decodes at once.
    """

    cache_bytes: int
    tokens: int
    rows: int


@dataclass(frozen=True)
class Demand:
    """The quantities that decide the memory of an arm in any layout.

    Attributes:
        architecture: The policy.
        teacher: Parameters of the largest model that scores beside the policy; 0 where none does.
        work: Its longest prompts and responses.
        longest_image: Tokens of the largest image.
    """

    architecture: Architecture
    teacher: int
    work: Workload
    longest_image: int


def phases(demand: Demand, spread: Layout, hardware: HardwareConfig) -> tuple[list[Phase], Engine]:
    """Sampling, scoring and update on one device.

    An engine that keeps its memory while the policy is trained takes it from the other phases.
    """
    memory = int(hardware.figures.memory_gib * GIB)
    reserved = {"reserved": int(hardware.reserved_gib * GIB)}
    kept = {"engine": int((spread.engine_share or 0.0) * memory)}
    on_processor = isinstance(hardware.figures, Processor)
    logits = LOGITS_AT_ONCE if on_processor else LOGITS_AT_ONCE_ON_GPU
    sampling, engine = _sampling(demand, spread, memory)
    found = [
        Phase("sampling", sampling | reserved),
        Phase("scoring", _scoring(demand, spread, logits) | kept | reserved),
        Phase("update", _update(demand, spread, logits) | kept | reserved),
    ]
    return [Phase(each.name, _present(each.parts)) for each in found], engine


def _update(demand: Demand, spread: Layout, logits: int) -> dict[str, int]:
    """Weights, gradients, AdamW's two moments, activations.

    Gradients and moments are float32, and so is what AdamW steps: the weights themselves, or
    masters beside a model that computes in bfloat16.

    Sharding keeps 1/n of each on a device and gathers a layer at a time, in the precision of the
    pass (FSDP2; ZeRO stage 3, arXiv 1910.02054, §5).
    """
    architecture, work = demand.architecture, demand.work
    frozen, trained = divide(architecture, spread)
    row = work.longest_prompt + work.longest_response
    tokens = _micro_batch(spread, row)
    return {
        "weights": (frozen + trained) * spread.weight_bytes // spread.shards,
        "master weights": trained * spread.master_bytes,
        "gradients": trained * FLOAT32 // spread.shards,
        "optimizer": 2 * trained * FLOAT32 // spread.shards,
        "gathered": _gathered(architecture, spread),
        "activations": activations.with_gradients(
            architecture,
            tokens,
            demand.longest_image * math.ceil(tokens / row),
            value_bytes=spread.compute_bytes,
            checkpointing=spread.checkpointing,
            trains_vision=spread.lora is None,
        ),
        "logits": activations.logits(architecture.vocabulary, tokens, logits),
    }


def _scoring(demand: Demand, spread: Layout, logits: int) -> dict[str, int]:
    """The passes under student and teacher or base model; two of them stay in memory."""
    architecture, work = demand.architecture, demand.work
    row = max(work.longest_prompt, work.longest_teacher_prompt) + work.longest_response
    tokens = _micro_batch(spread, row)
    return {
        "weights": architecture.parameters * spread.scoring_bytes,
        "teacher": demand.teacher * spread.scoring_bytes,
        "activations": activations.without_gradients(architecture, tokens, spread.scoring_bytes),
        "logits": activations.logits(architecture.vocabulary, tokens, logits),
    }


def _sampling(demand: Demand, spread: Layout, memory: int) -> tuple[dict[str, int], Engine]:
    """A copy of the weights, and the keys and values of the responses under way.

    Nothing where a server elsewhere samples.
    """
    architecture, work = demand.architecture, demand.work
    if spread.engine_copies == 0:
        return {}, Engine(0, 0, 0)
    weights = architecture.parameters * spread.engine_bytes // spread.engine_devices
    token = architecture.cache_bytes(spread.engine_bytes)
    row = (work.longest_prompt + work.longest_response) * token
    group = work.plain.responses // work.plain.prompts
    if spread.engine_share is None:
        prompts = min(spread.engine_prompts or work.plain.prompts, work.plain.prompts)
        cache = prompts * group * row // spread.engine_devices
    else:
        cache = max(row // spread.engine_devices, int(spread.engine_share * memory) - weights)
    whole = cache * spread.engine_devices
    parts = {
        "weights": weights,
        "keys and values": cache,
        "logits": activations.logits(
            architecture.vocabulary, work.plain.responses, LOGITS_AT_ONCE_ON_GPU
        ),
    }
    return parts, Engine(cache, whole // token, whole // row)


def _micro_batch(spread: Layout, row: int) -> int:
    """Tokens that a device runs at once: the budget, or one response alone where that is longer."""
    return max(spread.micro_batch_tokens, row)


def divide(architecture: Architecture, spread: Layout) -> tuple[int, int]:
    """Frozen and trained parameters of the update."""
    if spread.lora is None:
        return 0, architecture.parameters
    adapter = architecture.adapter_parameters(spread.lora.rank, spread.lora.modules)
    return architecture.parameters, adapter


def _gathered(architecture: Architecture, spread: Layout) -> int:
    """Whole parameters: those outside the layers, a layer and the next one.

    Where they are trained, also the gradients of those outside the layers, and their copy in the
    precision in which they are summed, before they are divided.
    """
    if spread.shards == 1:
        return 0
    weights = (architecture.root + 2 * architecture.layer_parameters) * spread.compute_bytes
    if spread.lora is not None:
        return weights
    return weights + architecture.root * (spread.compute_bytes + spread.weight_bytes)


def _present(parts: dict[str, int]) -> dict[str, int]:
    return {name: size for name, size in parts.items() if size}
