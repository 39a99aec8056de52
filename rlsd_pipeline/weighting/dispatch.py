"""From a declared weighting to the streams of its method."""

from rlsd_pipeline.config.weighting import RLSDWeighting, WeightingConfig
from rlsd_pipeline.weighting.grpo import grpo_streams
from rlsd_pipeline.weighting.rlsd import rlsd_streams
from rlsd_pipeline.weighting.streams import Credit, TokenStreams


def token_streams(config: WeightingConfig, credit: Credit) -> TokenStreams:
    """The streams of a weighting whose schedules are resolved."""
    if isinstance(config, RLSDWeighting):
        return rlsd_streams(credit, mix=config.mix, clip=config.clip)
    return grpo_streams(credit)
