"""The table of the gradients."""

from typing import Any

from assets.stages.gradient_comparison import _methods
from schemas import GradientComparison, GradientSignal, Interval, MethodSignal

METHODS = {"policy": "p", "methods": ["grpo", "rlsd"], "norms": [0.5, 0.625]}
COSINES = [[1.0, 0.75], [0.75, 1.0]]


def cells(found: GradientComparison) -> list[dict[str, Any]]:
    """The rows of all parts of the table."""
    parts = [[record.data for record in part.records] for part in _methods(found).values()]
    rows = zip(*parts, strict=True)
    return [{head: cell for part in row for head, cell in part.items()} for row in rows]


def test_without_a_signal_there_are_norms_alone() -> None:
    found = GradientComparison.model_validate(METHODS | {"cosines": COSINES})
    rows = cells(found)
    blank = {"cosine with true": "-", "signal share": "-", "prompts for a half": "-"}
    assert rows == [
        {"method": "grpo", **blank, "norm": "0.5", "rollouts": "-"},
        {"method": "rlsd", **blank, "norm": "0.625", "rollouts": "-"},
    ]


def test_a_reference_comes_last_and_has_no_norm() -> None:
    def signal(method: str, share: float) -> MethodSignal:
        return MethodSignal(
            method=method,
            cosine=None,
            share=Interval(value=share, low=0.125, high=0.5),
            prompts_needed=12.0,
            rollouts_needed=None,
        )

    methods = [signal("grpo", 0.25), signal("oracle", 0.375)]
    about = {"problems": 4, "rollouts": 16, "parameters": 9, "kept": 9, "compared_with": "grpo"}
    given = GradientSignal.model_validate(about | {"methods": methods})
    found = GradientComparison.model_validate(METHODS | {"cosines": COSINES, "signal": given})
    rows = cells(found)
    assert [(row["method"], row["norm"], row["signal share"]) for row in rows] == [
        ("grpo", "0.5", "0.25 [0.125, 0.5]"),
        # It has a norm, and no signal was measured of it.
        ("rlsd", "0.625", "-"),
        ("oracle", "-", "0.375 [0.125, 0.5]"),
    ]
    assert rows[0]["prompts for a half"] == "12"
