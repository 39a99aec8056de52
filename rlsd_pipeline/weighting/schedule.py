"""Schedules of a weighting, resolved at an iteration."""

from rlsd_pipeline.config.weighting import RLSDWeighting, WeightingConfig


def scheduled_mix(mix: float, iteration: int, *, warmup: int, decay: int | None) -> float:
    """λ_k = λ max(1 - (k - warmup) / decay, 0); λ itself up to `warmup` or without a decay."""
    if decay is None or iteration <= warmup:
        return mix
    return mix * max(1 - (iteration - warmup) / decay, 0.0)


def at_iteration(config: WeightingConfig, iteration: int) -> WeightingConfig:
    """The weighting with its schedules resolved: what decides this iteration's streams."""
    if isinstance(config, RLSDWeighting):
        mix = scheduled_mix(config.mix, iteration, warmup=config.warmup, decay=config.decay)
        return config.model_copy(update={"mix": mix, "warmup": 0, "decay": None})
    return config
