"""An experiment's settings in words: the types of its parts, and what is not a default."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from rlsd_pipeline.config.experiment import Arm, ExperimentConfig


def settings(experiment: ExperimentConfig) -> dict[str, str | tuple[str, ...]]:
    """Title -> one setting, or several."""
    sampling = experiment.sampling
    arms = {arm.method: arm for arm in experiment.lineages().values()}
    return {
        "data set": in_words(experiment.dataset),
        "model": in_words(experiment.model),
        "sampling": f"{sampling.prompts} problems x {sampling.group_size} responses of at most "
        f"{sampling.max_tokens} tokens, temperature {sampling.temperature:g}",
        "iterations": str(experiment.iterations),
        "update": in_words(experiment.update),
        "arms": tuple(
            f"{method}: {in_words(arm.weighting)}; teacher {arm.teacher.type}, privileged "
            f"{arm.privileged.display_name}{_own_update(arm, experiment)}"
            for method, arm in arms.items()
        ),
        "benchmarks": tuple(
            f"{benchmark.name}: {in_words(benchmark, {'name'})}"
            for benchmark in experiment.evaluation.benchmarks
        ),
    }


def _own_update(arm: Arm, experiment: ExperimentConfig) -> str:
    """The update of an arm that declares one of its own."""
    return "" if arm.update == experiment.update else f"; update {in_words(arm.update)}"


def in_words(config: BaseModel, said: set[str] | None = None) -> str:
    """The type of a part, then those of its settings that are not the defaults.

    Args:
        config: The part.
        said: Settings that stand elsewhere.
    """
    chosen = config.model_dump(
        mode="json", exclude_defaults=True, exclude={"type"} | (said or set())
    )
    kind = [config.type] if hasattr(config, "type") else []
    return ", ".join([*kind, *_words(chosen)]) or "all as by default"


def _words(chosen: Mapping[str, Any]) -> Iterator[str]:
    for name, value in chosen.items():
        yield f"{name.replace('_', ' ')} {_value(value)}"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return f"({', '.join(_words(value))})"
    if isinstance(value, list):
        return " and ".join(map(_value, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)
