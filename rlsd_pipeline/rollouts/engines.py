"""The engine that an experiment declares."""

from rlsd_pipeline.config.engine import (
    EngineConfig,
    OpenAIEngineConfig,
    TransformersEngineConfig,
    VLLMEngineConfig,
)
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engine import Completion, Progress, RolloutEngine, SamplingRequest
from rlsd_pipeline.rollouts.openai_engine import OpenAIEngine
from rlsd_pipeline.rollouts.transformers_engine import TransformersEngine
from rlsd_pipeline.rollouts.vllm_engine import VLLMEngine

_KEPT: dict[str, RolloutEngine] = {}


def build_engine(config: EngineConfig) -> RolloutEngine:
    """The declared engine, ready to sample.

    One declaration has one engine for the life of the process: what it started goes on running,
    and what it knows of the weights elsewhere stays true.

    Raises:
        ConfigError: What it needs is not installed, or its key is not set.
    """
    declared = config.model_dump_json()
    if declared not in _KEPT:
        _KEPT[declared] = _build(config)
    return _KEPT[declared]


def _build(config: EngineConfig) -> RolloutEngine:
    match config:
        case TransformersEngineConfig():
            return TransformersEngine(config.batch_prompts)
        case VLLMEngineConfig():
            return VLLMEngine(config)
        case OpenAIEngineConfig():
            return OpenAIEngine(config)


def sample_part(
    config: EngineConfig, policy: Policy, part: SamplingRequest, progress: Progress
) -> list[Completion]:
    """One part of a request by the declared engine of the process that is asked."""
    return build_engine(config).sample(policy, part, progress)
