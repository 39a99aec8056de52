"""docs/coverage.md is what `make coverage` simulates, and what covers too little is labelled."""

import json

import numpy as np
import pytest

from benchmarks.interval_coverage import fidelities, information
from benchmarks.interval_coverage.conditions import Condition, Group, holds, rate
from benchmarks.interval_coverage.document import (
    DOCUMENT,
    ENOUGH,
    RECORD,
    key,
    rows,
    with_rates,
    written,
)
from benchmarks.interval_coverage.groups import GROUPS
from rlsd_pipeline.statistics.intervals import within

SIMULATED = {
    key(one): (group, one) for group in (make() for make in GROUPS) for one in group.conditions
}
WRITTEN = written(DOCUMENT.read_text())


def test_the_lines_of_the_document_are_those_that_are_simulated() -> None:
    assert list(WRITTEN) == list(SIMULATED)
    assert len(WRITTEN) > 80
    assert {name: label for name, (_, label) in WRITTEN.items()} == {
        name: one.label for name, (_, one) in SIMULATED.items()
    }


def test_the_tables_are_those_of_the_record() -> None:
    text = DOCUMENT.read_text()
    groups = [make() for make in GROUPS]
    assert with_rates(text, groups, json.loads(RECORD.read_text())) == text


def test_what_covers_too_little_is_labelled() -> None:
    for name, (found, label) in WRITTEN.items():
        if SIMULATED[name][0].measured == "coverage" and found < ENOUGH:
            assert label, name


def test_what_is_written_is_read_again() -> None:
    lines = [
        Condition("a (t)", "2 seeds", lambda rng: True),
        Condition("b", "3 seeds", lambda rng: True, "in its caption"),
    ]
    groups = [Group("Seeds", "coverage", lines)]
    text = "\n".join(rows(groups, {("a (t)", "2 seeds"): 1.0, ("b", "3 seeds"): 0.8124}))
    assert "| b | 3 seeds | **.812** | in its caption |" in text
    assert written(f"x <!-- rows -->\n{text}\n<!-- rows --> y") == {
        ("a (t)", "2 seeds"): (1.0, ""),
        ("b", "3 seeds"): (0.812, "in its caption"),
    }


def test_a_rate_is_that_of_its_tables() -> None:
    fair = Condition("fair", "coin", lambda rng: rng.random() < 0.25, tables=4000)
    # Three standard errors of 4,000 draws are .0205; the same condition has the same tables.
    assert rate(fair) == pytest.approx(0.25, abs=0.021)
    assert rate(fair) == rate(fair)
    assert rate(Condition("never", "", lambda rng: False), divisor=100) == 0


def test_what_is_not_printed_is_left_out() -> None:
    drawn = iter([True, None, False, None, True])
    assert rate(Condition("a", "b", lambda rng: next(drawn), tables=5)) == 2 / 3


def test_conditions_may_read_the_same_tables() -> None:
    tables: dict[str, list[float]] = {"a": [], "b": [], "c": []}
    for name, found in tables.items():
        shared = "" if name == "c" else "shared"
        one = Condition(
            name,
            "",
            lambda rng, found=found: bool(found.append(rng.random())),
            tables=3,
            drawn=shared,
        )
        rate(one)
    assert tables["a"] == tables["b"] != tables["c"]


@pytest.mark.slow
def test_true_fidelities_are_those_of_the_parts() -> None:
    true = fidelities.true_fidelities()
    # As benchmarks.fidelity_coverage has them over 20,000 problems, .39 and .74.
    assert true["all tokens", "grpo"] == pytest.approx(0.39, abs=0.01)
    assert true["all tokens", "near"] == pytest.approx(0.74, abs=0.01)
    # A reward over all tokens has no credit within a response.
    assert ("within", "grpo") not in true


@pytest.mark.slow
def test_the_true_information_is_that_of_the_sampled_responses() -> None:
    """A table of many problems comes within its own interval of the enumerated values."""
    true, found = information.true_information(), information.summary_of_table(60, 0)
    for head, (name, read) in information.QUANTITIES.items():
        estimate = read(found)
        assert estimate.low <= true[name] <= estimate.high, head
        assert estimate.value == pytest.approx(true[name], rel=0.3)
    assert 0 < true["share"] < 1


def test_an_interval_holds_its_ends() -> None:
    found = within(0.5, (0.1, 0.9))
    assert holds(found, 0.1)
    assert holds(found, np.nextafter(0.9, 1))
    assert not holds(found, 0.91)
