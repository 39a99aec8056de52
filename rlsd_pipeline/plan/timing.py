"""Time by stage, from operations and bytes and the stated shares of the hardware's peak."""

from dataclasses import dataclass

from rlsd_pipeline.config.hardware import AssumptionsConfig, DeviceConfig
from rlsd_pipeline.plan.architecture import Architecture
from rlsd_pipeline.plan.layout import Layout
from rlsd_pipeline.plan.memory import Engine
from rlsd_pipeline.plan.operations import Operations, attended, decode, prompts_forward
from rlsd_pipeline.plan.workload import Pass, Workload


@dataclass(frozen=True)
class Setting:
    """The policy, its layout, the engine and the device of a timing.

    Attributes:
        architecture: The policy.
        spread: How it lies on the devices.
        engine: Its room for keys and values while sampling.
        device: The accelerator.
        assumed: Shares of its peak.
    """

    architecture: Architecture
    spread: Layout
    engine: Engine
    device: DeviceConfig
    assumed: AssumptionsConfig

    def rate(self, devices: int, value_bytes: int) -> float:
        """Peak of some devices for dense products in a precision, FLOP/s."""
        device = self.device
        peak = device.teraflops if value_bytes == 2 else device.teraflops_float32
        return 1e12 * peak * devices


def stage_seconds(
    setting: Setting, work: Workload, needed: Operations, written: float
) -> dict[str, float]:
    """Seconds of each stage of an iteration; they follow one another.

    Args:
        setting: What runs, where.
        work: Work of one iteration.
        needed: Its operations.
        written: Bytes that it writes.
    """
    assumed, spread = setting.assumed, setting.spread
    scores = setting.rate(spread.scoring_devices, spread.scoring_bytes)
    learns = setting.rate(spread.shards, spread.compute_bytes)
    scoring = {
        f"scoring: {name}": amount / (scores * assumed.prefill_mfu)
        for name, amount in needed.scoring.items()
    }
    values = {}
    if work.values is not None:
        values["values"] = sampling_seconds(setting, work.values, work.longest_response)
    return {
        "sampling": sampling_seconds(setting, work.plain, work.longest_response),
        **values,
        **scoring,
        "update": needed.update / (learns * assumed.training_mfu),
        "writing": written / (1e9 * assumed.storage_gb_per_second),
    }


def sampling_seconds(setting: Setting, read: Pass, longest: int) -> float:
    """Seconds until the last response is complete, with all copies of the engine in parallel.

    Decoding reads all weights once a step and the keys and values of every response under way, so
    the memory's bandwidth bounds it (Pope et al., arXiv 2211.05102, §2), or the operations where
    many responses share a step. Responses are taken to be of the expected length, but the last ones
    of the longest allowed, since some response always is. A server elsewhere is not counted.

    Args:
        setting: What runs, where.
        read: The prompts and their responses.
        longest: Tokens of the longest response.
    """
    architecture, spread, assumed = setting.architecture, setting.spread, setting.assumed
    if spread.engine_copies == 0:
        return 0.0
    rows = read.responses / spread.engine_copies
    fit = setting.engine.tokens / (read.prompt_tokens + read.response_tokens)
    waves = max(1.0, rows / max(1.0, fit))
    steps = (waves - 1) * read.response_tokens + longest
    weights = steps * architecture.parameters * spread.engine_bytes
    cached = attended(read) / spread.engine_copies * architecture.cache_bytes(spread.engine_bytes)
    bandwidth = spread.engine_devices * setting.device.bandwidth * 1e9 * assumed.decode_bandwidth
    devices = spread.engine_copies * spread.engine_devices
    rate = setting.rate(devices, spread.engine_bytes) * assumed.prefill_mfu
    prefill = prompts_forward(architecture, read) / rate
    return prefill + max((weights + cached) / bandwidth, decode(architecture, read) / rate)
