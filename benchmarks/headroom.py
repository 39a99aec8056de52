"""The headroom of a trained experiment, as a row of the table in docs/credit.md.

    RLSD_HOME=FOLDER python -m benchmarks.headroom EXPERIMENT [--record FILE]

It reads what the training left, and trains nothing. With `--record`, the row takes the place of the
first that begins with the experiment's name; the other rows stay.
"""

import argparse
import datetime
from collections.abc import Sequence
from pathlib import Path

from benchmarks.records import Cell, Record, add_record, read, write
from rlsd_pipeline.opened import open_experiment
from rlsd_pipeline.stages.evaluation.headroom import Headroom, read_headroom

QUANTITIES = (("training reward", "area"), ("training reward", "end"), ("accuracy: sampled", "end"))
"""Quantity and measure of each column of numbers."""


def main() -> None:
    """Print the row, and put it into the record that `--record FILE` names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment")
    add_record(parser)
    given = parser.parse_args()
    opened = open_experiment(given.experiment)
    found = read_headroom(opened.workspace)
    if not found:
        parser.error(f"{given.experiment}: no seed of the oracle and of GRPO is trained")
    updates = opened.workspace.experiment.iterations
    row = headroom_row(given.experiment, updates, found)
    print(*row)
    if given.record:
        keep_row(given.record, row)


def headroom_row(experiment: str, updates: int, found: Sequence[Headroom]) -> list[Cell]:
    """Name; seeds and updates; gain, both ends and p of each quantity.

    Args:
        experiment: Its name.
        updates: How many its arms declare.
        found: From `read_headroom`.
    """
    by_name = {(one.quantity, one.measure): one for one in found}
    cells: list[Cell] = [f"`{experiment}`", (max(one.seeds for one in found), updates)]
    for name in QUANTITIES:
        one = by_name.get(name)
        gain = one and one.gain
        cells.append((gain.value, gain.low, gain.high, gain.p_value) if gain else "")
    return cells


def keep_row(path: Path, row: Sequence[Cell]) -> None:
    """Put a row into a record.

    Args:
        path: The record.
        row: Its first cell is the experiment in backticks.
    """
    record: Record = read(path)
    place = next(at for at, old in enumerate(record.rows) if str(old[0]).startswith(str(row[0])))
    rows = [*record.rows[:place], row, *record.rows[place + 1 :]]
    write(path, record.model_copy(update={"rows": rows, "date": datetime.date.today()}))


if __name__ == "__main__":
    main()
