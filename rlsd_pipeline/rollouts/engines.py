"""The engine that an experiment declares."""

from rlsd_pipeline.config.engine import EngineConfig
from rlsd_pipeline.rollouts.engine import RolloutEngine
from rlsd_pipeline.rollouts.transformers_engine import TransformersEngine


def build_engine(config: EngineConfig) -> RolloutEngine:
    """The declared engine, ready to sample."""
    return TransformersEngine(config.batch_prompts)
