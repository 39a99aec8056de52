"""The Dagster instance of sensor ticks: opened once in a process, not once a tick.

Dagster opens it anew for each tick and looks through the migrations of its databases, which takes
longer than the tick.
"""

import dagster as dg

from assets.dagster_private import InstanceRef

_opened: list[tuple[InstanceRef, dg.DagsterInstance]] = []


def instance_of(context: dg.SensorEvaluationContext) -> dg.DagsterInstance:
    """The instance that a sensor asks."""
    ref = context.instance_ref
    # Of a tick that is evaluated by hand.
    if ref is None:
        return context.instance
    for known, instance in _opened:
        if known == ref:
            return instance
    instance = dg.DagsterInstance.from_ref(ref)
    _opened.append((ref, instance))
    return instance
