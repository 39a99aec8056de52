"""The engine of this process for a declaration; its answers are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.rollouts.answer import require_answer
from rlsd_pipeline.rollouts.engine import Completion, Engine, Progress, SamplingRequest

if TYPE_CHECKING:
    from rlsd_pipeline.models.policy import Policy

_KEPT: dict[tuple[type[Engine], str], Engine] = {}


def kept(declared: Engine) -> Engine:
    """The engine that has this declaration in this process.

    What it started goes on running, and what it knows of the weights elsewhere stays true.
    """
    name = type(declared), declared.model_dump_json()
    if name not in _KEPT:
        # The declaration itself goes to other processes, and takes along nothing that runs here.
        _KEPT[name] = declared.model_copy()
    return _KEPT[name]


def sample_part(
    declared: Engine, policy: Policy, part: SamplingRequest, progress: Progress
) -> list[Completion]:
    """One part of a request by the declared engine of the process that is asked.

    Raises:
        ConfigError: A package of the engine is not installed, or its key is not set.
        ComponentError: A user's engine failed, or its answer does not fit the request.
    """
    engine = kept(declared)
    if not engine.continues:
        part = part.anew()
    with guarded(engine, f"problems {part.keys[0]} to {part.keys[-1]}"):
        completions = engine.sample(policy, part, progress)
    if engine.origin is not None:
        require_answer(engine, policy, part, completions)
    return completions
