"""What samples the responses."""

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, field_validator

from rlsd_pipeline.config.endpoint import EndpointConfig
from rlsd_pipeline.config.strict import StrictConfig


class TransformersEngineConfig(StrictConfig):
    """Sampling in this process with transformers."""

    type: Literal["transformers"] = "transformers"

    batch_prompts: Annotated[int, Field(ge=1)] = 64
    """Prompts decoded together; it changes memory and speed, never the draw."""

    @property
    def identity(self) -> dict[str, Any]:
        """What of it decides the draw; the rest changes speed and memory alone."""
        return {"type": self.type}


EngineGap = Annotated[float, Field(gt=0)]
"""Mean difference between log-probabilities as an engine reports and as transformers computes them,
in nats a token."""

_DECLARED_HERE = (
    "model",
    "tokenizer",
    "dtype",
    "tensor_parallel_size",
    "data_parallel_size",
    "gpu_memory_utilization",
    "max_model_len",
    "logprobs_mode",
    "enable_prefix_caching",
)


class VLLMEngineConfig(StrictConfig):
    """Sampling with a vLLM that this process starts once, keeps, and gives the newest weights."""

    type: Literal["vllm"] = "vllm"

    batch_prompts: Annotated[int, Field(ge=1)] = 512
    """Prompts handed over together; what a death of the engine or an interruption may cost."""

    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    """Of its weights and activations; None takes the policy's own."""

    tensor_parallel_size: Annotated[int, Field(ge=1)] = 1
    """Devices that share one copy of the model."""

    data_parallel_size: Annotated[int, Field(ge=1)] = 1
    """Copies of the model, each on devices of its own."""

    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of a device's memory that vLLM takes and keeps; the rest is for scoring and training,
    which use the same devices. A CPU has `VLLM_CPU_KVCACHE_SPACE` (gigabytes) instead."""

    max_model_len: Annotated[int, Field(ge=1)] | None = None
    """Longest prompt with its response, in tokens; None takes the model's, whose cache may not fit
    the memory."""

    max_engine_gap: EngineGap = 0.05
    """Of a few responses to every policy; a larger one means that vLLM runs another."""

    options: dict[str, JsonValue] = Field(default={})
    """Further arguments of vLLM's `AsyncEngineArgs`, such as `{max_num_seqs: 512}`."""

    @field_validator("options")
    @classmethod
    def _options_are_others(cls, options: dict[str, JsonValue]) -> dict[str, JsonValue]:
        for name in options:
            if name in _DECLARED_HERE:
                raise ValueError(f"{name!r} is set by the engine's own keys or by the model")
        return options

    @property
    def identity(self) -> dict[str, Any]:
        """What of it decides the draw; the rest changes speed and memory alone."""
        return {"type": self.type, "dtype": self.dtype, "options": self.options}


class FixedWeights(StrictConfig):
    """The server keeps the weights it was started with.

    Enough to evaluate, and to sample from a policy that never changes.
    """

    type: Literal["fixed"] = "fixed"


class ReloadedWeights(StrictConfig):
    """Each new policy is written to a folder, and the server told to load it from there."""

    type: Literal["reloaded"] = "reloaded"

    folder: Annotated[str, Field(min_length=1)]
    """Where; this process and the server must see it under the same path."""

    server: Literal["vllm", "sglang"] = "vllm"
    """Whose way of being told. A vLLM server must run with `VLLM_SERVER_DEV_MODE=1`, which lets
    whoever reaches it do this and more: bind it to an address that only you reach."""


WeightsConfig = Annotated[FixedWeights | ReloadedWeights, Field(discriminator="type")]


class OpenAIEngineConfig(EndpointConfig):
    """Sampling by a running vLLM or SGLang server, through its OpenAI-compatible completions.

    The server must serve the policy that is sampled: some responses of every policy are scored here
    and compared with what the server reported.
    """

    type: Literal["openai"] = "openai"

    batch_prompts: Annotated[int, Field(ge=1)] = 512
    """Prompts handed over together; what an interruption may cost."""

    timeout_seconds: Annotated[float, Field(gt=0, le=86_400)] = 1800.0
    """How long one response may take, waiting for its turn at the server included."""

    concurrency: Annotated[int, Field(ge=1, le=2048)] = 128
    """Responses asked for at the same time; the server queues what it cannot run at once."""

    weights: WeightsConfig = FixedWeights()
    """How the server comes by the weights of a new iteration."""

    max_engine_gap: EngineGap = 0.05
    """Of a few responses to every policy; a larger one means that the server serves another."""

    @property
    def identity(self) -> dict[str, Any]:
        """What of it decides the draw; the rest changes speed and memory alone."""
        return {"type": self.type, "model": self.model}


EngineConfig = Annotated[
    TransformersEngineConfig | VLLMEngineConfig | OpenAIEngineConfig, Field(discriminator="type")
]
