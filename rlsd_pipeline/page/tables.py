"""The cells that a page has of its own."""

from collections.abc import Collection, Mapping, Sequence

from rlsd_pipeline.tables.numbers import ABSENT, Bounded, ends_of, with_ends

STEPS = ("perceive", "compare", "negate", "answer")
"""Steps of the reasoning on easy-VQA."""


def estimate(found: Bounded | None, *, sign: bool = False) -> str:
    """A value with its interval; a dash where there is none."""
    return ABSENT if found is None or ends_of(found) is None else with_ends(found, sign=sign)


def in_order(names: Collection[str]) -> list[str]:
    """Steps of the reasoning in the order in which they are taken; unknown ones last."""
    known = [name for name in STEPS if name in names]
    return [*known, *sorted(set(names) - set(STEPS))]


def steps(found: Mapping[str, float], names: Sequence[str]) -> str:
    """How often each step of the reasoning is right."""
    return " / ".join(f"{found[name]:.2f}" if name in found else ABSENT for name in names)
