"""The declared hardware of an experiment, and the assumptions of its plan."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rlsd_pipeline.config.strict import StrictConfig

Share = Annotated[float, Field(gt=0, le=1)]


class DeviceConfig(StrictConfig):
    """One accelerator."""

    memory_gib: Annotated[float, Field(gt=0)]
    """Memory that a process can use, GiB."""

    teraflops: Annotated[float, Field(gt=0)]
    """Peak of dense matrix products in bfloat16 without sparsity, TFLOP/s."""

    teraflops_float32: Annotated[float, Field(gt=0)]
    """The same in float32 without TF32, torch's default."""

    bandwidth: Annotated[float, Field(gt=0)]
    """Memory bandwidth, GB/s."""


class Processor(DeviceConfig):
    """A machine's own processor with its memory, in place of an accelerator."""


DEVICES = {
    "B200": DeviceConfig(memory_gib=178, teraflops=2250, teraflops_float32=75, bandwidth=7700),
    "H200": DeviceConfig(memory_gib=139, teraflops=989, teraflops_float32=67, bandwidth=4800),
    "H100": DeviceConfig(memory_gib=79, teraflops=989, teraflops_float32=67, bandwidth=3350),
    "A100-80GB": DeviceConfig(memory_gib=79, teraflops=312, teraflops_float32=19.5, bandwidth=2039),
    "A100-40GB": DeviceConfig(memory_gib=39, teraflops=312, teraflops_float32=19.5, bandwidth=1555),
    "L40S": DeviceConfig(memory_gib=44, teraflops=362, teraflops_float32=91.6, bandwidth=864),
    "L4": DeviceConfig(memory_gib=22, teraflops=121, teraflops_float32=30.3, bandwidth=300),
    "RTX-4090": DeviceConfig(memory_gib=23, teraflops=165, teraflops_float32=82.6, bandwidth=1008),
}
"""NVIDIA's data sheets (SXM forms of B200, H200, H100, A100): dense rates, half of those that are
advertised with sparsity. Memory is what `nvidia-smi` shows in GiB, less what the driver keeps."""


class HardwareConfig(StrictConfig):
    """Machines of one kind. `rlsd plan` plans for them, and `rlsd train` requires them."""

    device: (
        Literal["B200", "H200", "H100", "A100-80GB", "A100-40GB", "L40S", "L4", "RTX-4090"]
        | DeviceConfig
    )
    """Name of an accelerator, or its figures."""

    nodes: Annotated[int, Field(ge=1)] = 1
    """Machines."""

    devices_per_node: Annotated[int, Field(ge=1)] = 1
    """Accelerators of one machine."""

    reserved_gib: Annotated[float, Field(ge=0)] = 4.0
    """Reserved memory of each device: kernels and their workspace, communication buffers,
    fragmentation."""

    disk_gb: Annotated[float, Field(gt=0)] | None = None
    """Disk space for artifacts, GB; null sets no limit."""

    @property
    def figures(self) -> DeviceConfig:
        """The accelerator's figures."""
        return DEVICES[self.device] if isinstance(self.device, str) else self.device

    @property
    def devices(self) -> int:
        """Accelerators of all machines together."""
        return self.nodes * self.devices_per_node


class AssumptionsConfig(StrictConfig):
    """What `rlsd plan` cannot know before a run; no result depends on it.

    Memory is planned for the longest prompts and responses that the experiment allows; work, time
    and disk for these expected ones.
    """

    prompt_tokens: Annotated[int, Field(ge=1)] | None = None
    """Mean tokens of a prompt with its image; null takes `sampling.max_prompt_tokens`."""

    image_tokens: Annotated[int, Field(ge=0)] = 0
    """Mean image tokens of a prompt, included in `prompt_tokens`."""

    response_tokens: Annotated[int, Field(ge=1)] | None = None
    """Mean tokens of a response; null takes `sampling.max_tokens`."""

    step_tokens: Annotated[int, Field(ge=1)] = 25
    """Mean tokens of a line or sentence of a response, for token values at steps."""

    solution_tokens: Annotated[int, Field(ge=0)] = 512
    """Mean tokens of a reference solution, for a teacher that sees one."""

    longest_solution_tokens: Annotated[int, Field(ge=0)] = 2048
    """Tokens of the longest reference solution, by which a teacher's prompt exceeds the
    student's."""

    training_mfu: Share = 0.35
    """Share of the peak that the update reaches (model FLOP utilisation)."""

    prefill_mfu: Share = 0.5
    """Share of the peak that passes without gradient reach, prompts and scoring alike."""

    decode_bandwidth: Share = 0.6
    """Share of the memory bandwidth that decoding reaches."""

    storage_gb_per_second: Annotated[float, Field(gt=0)] = 1.0
    """Rate at which one process writes a checkpoint, GB/s."""

    @model_validator(mode="after")
    def _image_is_within_the_prompt(self) -> "AssumptionsConfig":
        if self.prompt_tokens is not None and self.image_tokens >= self.prompt_tokens:
            raise ValueError(
                f"image_tokens: {self.image_tokens} of {self.prompt_tokens} prompt tokens leave no "
                "room for the question"
            )
        return self
