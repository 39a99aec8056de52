"""What other pages quote of the reproduction is what its record has."""

import statistics
from pathlib import Path

import pytest

from benchmarks.records import FOLDER, Cell
from benchmarks.records import read as read_table
from rlsd_pipeline.page.document import read_record
from rlsd_pipeline.page.record import Record
from rlsd_pipeline.report.charts import LearningPoint

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def record() -> Record:
    return read_record(ROOT / "docs" / "reproduction.md")


def row_of(name: str, begins: str) -> list[Cell]:
    """The row of a table that begins so."""
    (row,) = [row for row in read_table(FOLDER / f"{name}.json").rows if begins in str(row[0])]
    return list(row)


def oracle(record: Record, quantity: str) -> LearningPoint:
    (plot,) = [one for one in record.learning if one.name == quantity]
    (point,) = [one for one in plot.points if one.method == "vine"]
    return point


def test_the_default_has_the_gain_of_its_ten_warm_starts(record: Record) -> None:
    (scores,) = record.seeds
    base, grpo = scores.base, scores.methods["grpo"]
    gains = [grpo[seed] - base[seed] for seed in base]
    assert len(gains) == 10
    spread = statistics.stdev(gains) / statistics.mean(gains)
    measured = [statistics.mean(base.values()), statistics.mean(grpo.values()), spread]
    shown = row_of("default-tried", "the default")[-3:]
    assert shown == [round(measured[0], 2), round(measured[1], 2), round(measured[2], 1)]
    slow = sorted(sorted(grpo, key=lambda seed: grpo[seed])[:2])
    numbers = " and ".join(f"{grpo[seed]:.2f}".removeprefix("0") for seed in slow)
    said = f"{slow[0]} and {slow[1]} have come to {numbers} after 50 updates"
    assert said in " ".join((ROOT / "docs" / "default.md").read_text().split())


def test_the_headroom_of_the_table_and_of_the_readme_is_the_reproductions(record: Record) -> None:
    _, seeds, *cells = row_of("credit-headroom", "`reproduction`")
    assert seeds == [10, 50]
    names = ("training reward, area", "training reward, end", "accuracy: sampled, end")
    for name, cell in zip(names, cells, strict=True):
        gain = oracle(record, name).gain
        assert isinstance(cell, list)
        assert cell[:3] == [round(end, 3) for end in (gain.value, gain.low, gain.high)], name
    area = cells[0]
    assert isinstance(area, list)
    said = "+{:.3f} [+{:.3f}, +{:.3f}], p = {}".format(*area).replace("0.", ".")
    assert said in " ".join((ROOT / "README.md").read_text().split())
