"""All that is simulated, in the order of docs/coverage.md."""

from collections.abc import Callable

from benchmarks.interval_coverage import p_values, problems, properties, questions, seeds
from benchmarks.interval_coverage.conditions import Group

GROUPS: tuple[Callable[[], Group], ...] = (
    questions.group,
    seeds.group,
    problems.group,
    properties.group,
    p_values.group,
)
