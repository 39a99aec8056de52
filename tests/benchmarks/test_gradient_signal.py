"""The rows of the table of gradients are what two stored comparisons say."""

from typing import Any

from benchmarks.gradient_signal import SHOWN, table_rows
from schemas import (
    CreditFidelity,
    GradientComparison,
    Interval,
    MethodFidelity,
    WeightingComparison,
)
from schemas.gradient_comparison import GradientSignal, MethodSignal


def interval(value: float) -> Interval:
    return Interval(value=value, low=value - 0.25, high=value + 0.25)


def signal(method: str, cosine: Interval | None) -> MethodSignal:
    return MethodSignal(
        method=method, cosine=cosine, share=interval(0.5), prompts_needed=8.0, rollouts_needed=None
    )


class Stored:
    """Reads like a place that has both comparisons."""

    def __init__(self, **records: Any) -> None:
        self.records = records
        self.name = ""

    def read(self, name: str) -> "Stored":
        self.name = name
        return self

    def record(self, kind: type[Any]) -> Any:
        return self.records[self.name]


def test_the_reference_comes_first_and_a_form_outside_of_the_code() -> None:
    known = dict.fromkeys(MethodFidelity.model_fields) | {
        **{"segments": {}, "positions": [], "differences": {}, "value": interval(0.25)},
    }
    fidelity = CreditFidelity.model_construct(
        methods=[MethodFidelity.model_construct(**known | {"method": name}) for name in SHOWN]
    )
    methods = [signal(name, None if name == "sft" else interval(0.75)) for name in SHOWN]
    found = GradientSignal.model_construct(methods=[*methods, signal("true advantage", None)])
    run: Any = Stored(
        gradient_comparison=GradientComparison.model_construct(signal=found),
        weighting_comparison=WeightingComparison.model_construct(fidelity=fidelity),
    )
    first, *others = table_rows(run)
    share = (0.5, 0.25, 0.75)
    assert first == ["true advantage", "1", share, 8.0, "1"]
    rows = {str(row[0]): row[1:] for row in others}
    assert rows["`grpo`"] == [(0.75, 0.5, 1.0), share, 8.0, (0.25, 0.0, 0.5)]
    assert rows["`rlsd`, as printed"] == rows["`grpo`"]
    assert rows["`sft`"][0] == "–"
