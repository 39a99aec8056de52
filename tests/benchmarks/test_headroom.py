"""The headroom of an experiment as a row of the record."""

import datetime
from pathlib import Path

from benchmarks.headroom import headroom_row, keep_row
from benchmarks.records import Column, Record, read, write
from rlsd_pipeline.stages.evaluation.headroom import Headroom
from rlsd_pipeline.statistics.intervals import STUDENT
from schemas import ScoreDifference

GAIN = ScoreDifference(
    value=0.05, low=0.03, high=0.07, p_value=0.0002, p_corrected=None, test=STUDENT
)
AREA = Headroom("training reward", "area", "grpo", "vine", 10, GAIN, ())
ROW = ["`easy`", (10, 50), (0.05, 0.03, 0.07, 0.0002), "", ""]


def test_a_row_has_a_cell_a_quantity() -> None:
    assert headroom_row("easy", 50, [AREA]) == ROW


def test_a_row_takes_the_place_of_the_first_of_its_experiment(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    columns = [Column(head=head) for head in ("experiment", "seeds", "area", "end", "accuracy")]
    before = [["`easy`, and with it `other`", "", "", "", ""], ["`easy_chain`", "", "", "", ""]]
    day = datetime.date(2026, 11, 1)
    write(file, Record(date=day, command="c", columns=columns, rows=before))
    keep_row(file, ROW)
    after = read(file)
    assert [row[0] for row in after.rows] == ["`easy`", "`easy_chain`"]
    assert after.rows[0][1] == [10, 50]
    assert after.date > day
