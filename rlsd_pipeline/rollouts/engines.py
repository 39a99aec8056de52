"""The engine that an experiment declares."""

from rlsd_pipeline.config.engine import EngineConfig
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engine import Completion, Progress, RolloutEngine, SamplingRequest
from rlsd_pipeline.rollouts.transformers_engine import TransformersEngine


def build_engine(config: EngineConfig) -> RolloutEngine:
    """The declared engine, ready to sample."""
    return TransformersEngine(config.batch_prompts)


def sample_part(
    config: EngineConfig, policy: Policy, part: SamplingRequest, progress: Progress
) -> list[Completion]:
    """One part of a request by the declared engine of the process that is asked."""
    return build_engine(config).sample(policy, part, progress)
