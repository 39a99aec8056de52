"""The published table and the fractions behind it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.evaluation.published import (
    BENCHMARKS,
    DENOMINATORS,
    PUBLISHED,
    implied_count,
    published_cells,
    published_rows,
)

COUNTS = {
    "MMMU": (562, 586, None, 586, 569, 605),
    "MathVista": (738, 762, 751, 740, 759, 781),
    "MathVision": (1440, 1484, 1445, 1437, 1475, 1603),
    "ZeroBench": (66, None, None, 84, 74, 83),
    "WeMath": (568, 594, 577, 548, 575, 609),
}


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_the_counts_behind_a_column(benchmark: str) -> None:
    found = tuple(published_cells(kind)[benchmark].correct for kind in PUBLISHED)
    assert found == COUNTS[benchmark]


@pytest.mark.parametrize(
    ("benchmark", "total", "fitting"),
    [("MMMU", 1050, 0), ("MathVision", 304, 1), ("ZeroBench", 335, 0), ("WeMath", 1740, 0)],
)
def test_other_splits_do_not_fit(benchmark: str, total: int, fitting: int) -> None:
    place = BENCHMARKS.index(benchmark)
    counts = [implied_count(figures[place], total) for figures in PUBLISHED.values()]
    assert sum(count is not None for count in counts) == fitting


@given(st.sampled_from(sorted({each.total for each in DENOMINATORS.values()})), st.data())
def test_every_single_run_is_found_again(total: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, total))
    assert implied_count(round(100 * count / total, 2), total) == count


def test_ties_are_rounded_either_way() -> None:
    # 1 / 800 = .125 %.
    assert implied_count(0.12, 800) == implied_count(0.13, 800) == 1
    assert implied_count(0.14, 800) is None


def test_as_text() -> None:
    cells = published_cells("opsd")
    assert str(cells["MathVista"]) == "75.10 (751/1000)"
    assert str(cells["MMMU"]) == "63.82 (fits no single run)"
    assert published_cells("rlsd_adaptive") == {}
    head, base, *rest = published_rows()
    assert head[:2] == ["method", "MMMU (of 900)"]
    assert base[:2] == ["base", "62.44 (562/900)"]
    assert [row[0] for row in rest] == ["grpo", "opsd", "sdpo", "grpo_opsd", "rlsd"]
    assert {len(row) for row in (head, base, *rest)} == {6}
