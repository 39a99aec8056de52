"""Credit fidelity on the terminal: the nearest to the true advantages first, between its ends."""

import dagster as dg
import pytest

from assets.cli.fidelity_tables import fidelity_tables
from assets.cli.loop import Loop
from rlsd_pipeline.tables.table import Table
from schemas import CreditFidelity, Interval, MethodFidelity, WeightingComparison


def method(name: str, value: float | None) -> MethodFidelity:
    found = None if value is None else Interval(value=value, low=value - 0.25, high=value + 0.25)
    return MethodFidelity(
        method=name,
        value=found,
        difference=None,
        p_value=None,
        p_corrected=None,
        within=found,
        segments={"answer": None},
        positions=[found] * 4,
    )


@pytest.fixture
def comparison() -> WeightingComparison:
    return WeightingComparison.model_validate(WeightingComparison.example)


def test_methods_stand_by_their_fidelity_between_its_ends(
    comparison: WeightingComparison, loop: tuple[Loop, dg.DagsterInstance]
) -> None:
    found = CreditFidelity(
        spans=comparison.tokens,
        states=9,
        continuations=4,
        reliability=0.5,
        reliability_within=None,
        compared_with="grpo",
        methods=[method("grpo", 0.25), method("nothing", None), method("rlsd", 0.5)],
    )
    measured = comparison.model_copy(update={"fidelity": found})
    run = loop[0].workspace.at("rlsd-s0", 0)
    table, parts = fidelity_tables(run, measured)
    assert isinstance(table, Table)
    assert isinstance(parts, Table)
    assert f"credit fidelity: {comparison.tokens:,} tokens, 9 states, 4 cont" in table.title
    assert [cells[:2] for cells in table.texts()] == [
        ["true advantage (oracle)", "1"],
        ["rlsd", "0.50 [0.25, 0.75]"],
        ["grpo", "0.25 [0.00, 0.50]"],
        ["nothing", "-"],
        ["random credit", "0"],
    ]
    assert "measurement: 0.50, within -." in " ".join(table.notes)
    assert [cells[0] for cells in parts.texts()] == ["rlsd", "grpo", "nothing"]


def test_without_measured_values_the_command_is_named(
    comparison: WeightingComparison, loop: tuple[Loop, dg.DagsterInstance]
) -> None:
    run = loop[0].workspace.at("rlsd-s0", 1)
    (said,) = fidelity_tables(run, comparison.model_copy(update={"fidelity": None}))
    assert isinstance(said, str)
    assert "rlsd values small --arm rlsd-s0 --iteration 1 measures them." in said
