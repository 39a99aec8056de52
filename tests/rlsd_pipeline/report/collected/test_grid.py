"""Arms that make a grid of λ and ε_w, and what came out in each cell."""

from collections.abc import Callable
from typing import Any

import pytest

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.report.collected.grid import grid_cells, grids
from rlsd_pipeline.report.comparison import Comparison
from rlsd_pipeline.report.data import Report
from schemas import Interval, MethodResult, Results, ScoreDifference
from tests.rlsd_pipeline.report.conftest import result


def experiment(*arms: dict[str, Any]) -> ExperimentConfig:
    return ExperimentConfig.model_validate({"arms": [{"weighting": {"type": "grpo"}}, *arms]})


def arm(mix: float, clip: float, **more: Any) -> dict[str, Any]:
    weighting = {"type": "rlsd", "mix": mix, "clip": clip, "decay": more.pop("decay", None)}
    return {"name": f"rlsd-{mix:g}-{clip:g}".replace(".", ""), "weighting": weighting, **more}


FOUR = [arm(1, 0.5), arm(0.5, 0.5), arm(0.5, 0.2), arm(1, 0.2)]


def test_four_settings_make_a_grid() -> None:
    assert grid_cells(experiment(*FOUR)) == [
        {
            (1.0, 0.5): "rlsd-1-05",
            (0.5, 0.5): "rlsd-05-05",
            (0.5, 0.2): "rlsd-05-02",
            (1.0, 0.2): "rlsd-1-02",
        }
    ]


@pytest.mark.parametrize(
    "arms",
    [
        FOUR[:3],  # a cell is missing
        [*FOUR[:3], arm(1, 0.2, decay=50)],
        [*FOUR[:3], arm(1, 0.2, teacher={"type": "live"})],
        [*FOUR[:3], arm(1, 0.2, update={"learning_rate": 1e-3})],
        [arm(0.25, 0.2), arm(0.5, 0.2), arm(1, 0.2)],  # one ε_w
        [],
    ],
)
def test_what_differs_in_more_or_is_not_whole_makes_none(arms: list[dict[str, Any]]) -> None:
    assert grid_cells(experiment(*arms)) == []


def line(benchmark: str, method: str, gain: float | None, mentions: float) -> MethodResult:
    difference = gain and ScoreDifference(
        value=gain, low=gain - 0.1, high=gain + 0.1, p_value=0.5, p_corrected=1, test="t"
    )
    return result(
        benchmark,
        method,
        Interval(value=0.7, low=0.6, high=0.8),
        seeds=[0, 1],
        difference=difference or None,
        mentions=Interval(value=mentions, low=0, high=1),
    )


TABLE = Results(
    compared_with="grpo",
    confidence=0.95,
    lines=[
        one
        for benchmark in ("sampled", "greedy")
        for one in (
            line(benchmark, "grpo", None, 0.004),
            line(benchmark, "rlsd-05-02", 0.01, 0.005),
            line(benchmark, "rlsd-05-05", 0.02, 0.1),
            line(benchmark, "rlsd-1-02", 0.03, 0.2),
        )
    ],
)


def test_a_cell_has_what_its_arm_came_to(sample: Callable[..., Report]) -> None:
    known = sample(methods=2).comparison
    assert known is not None
    assert known.credit.fidelity is not None
    values = {"grpo": (0.2, 0.1, 0.3), "rlsd-1-05": (0.4, 0.3, 0.5)}
    methods = [
        one.model_copy(update={"method": name, "value": Interval(value=value, low=low, high=high)})
        for one, (name, (value, low, high)) in zip(
            known.credit.fidelity.methods, values.items(), strict=True
        )
    ]
    fidelity = known.credit.fidelity.model_copy(update={"methods": methods})
    credit = known.credit.model_copy(update={"fidelity": fidelity})
    compared = Comparison(credit=credit, fidelity_meaning="Measured.")
    first, second = grids(experiment(*FOUR), TABLE, compared)
    assert (first.name, second.name) == ("sampled", "greedy")
    assert (first.mixes, first.clips) == ((0.5, 1.0), (0.2, 0.5))
    names = ["accuracy minus grpo: sampled", "mentions of a reference: sampled"]
    assert [one.name for one in first.maps] == [*names, "fidelity of the credit"]
    # The fidelity is not of a benchmark.
    assert len(second.maps) == 2
    values = [[[cell and cell.value for cell in row] for row in one.cells] for one in first.maps]
    assert values == [
        [[0.01, 0.03], [0.02, None]],  # the fourth has no score yet
        [[0.005, 0.2], [0.1, None]],
        [[None, None], [None, 0.4]],
    ]
    assert [one.baseline for one in first.maps] == [0, 0.004, 0.2]
    assert [one.better for one in first.maps] == ["higher", "lower", "higher"]
    meaning = first.maps[1].meaning
    assert "2 seeds a cell; intervals are over seeds (Student's t)" in meaning
    assert meaning.endswith(". grpo: 0.004.")
    assert first.maps[2].meaning == "Measured. grpo: 0.200."


def test_without_scores_there_is_no_grid() -> None:
    assert grids(experiment(*FOUR), None, None) == ()
    assert grids(experiment(*FOUR[:3]), TABLE, None) == ()
