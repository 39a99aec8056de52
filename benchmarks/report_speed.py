"""Time of the report and the table of a trained experiment, and the size of the page.

    RLSD_HOME=FOLDER python -m benchmarks.report_speed EXPERIMENT [--repeat 2] [--record FILE]

The first time reads what no process has kept beside the artifacts yet; every later one is what a
person waits for. Seconds of the processor hold on a busy machine, wall time on an idle one alone.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.records import Cell, add_record, keep

RLSD = [sys.executable, "-c", "from assets.cli import main; main()"]


class Cost(NamedTuple):
    """What a command took.

    Attributes:
        processor: Seconds of all its processes.
        wall: Seconds by the clock.
    """

    processor: float
    wall: float


def main() -> None:
    """Time both commands and print a line each time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment")
    parser.add_argument("--repeat", type=int, default=2)
    add_record(parser)
    given = parser.parse_args()
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        commands = {
            "report": ["report", given.experiment, "--out", str(page)],
            "results": ["results", given.experiment],
        }
        for name, command in commands.items():
            for time_of in range(1, given.repeat + 1):
                found = cost(command)
                size = page.stat().st_size / 1e6 if name == "report" else None
                rows.append([f"`rlsd {name}`", time_of, found.processor, found.wall, size])
                print(*rows[-1], flush=True)
    columns = [("command", "{}"), ("time", "{}"), ("processor, s", "{:.1f}"), ("wall, s", "{:.1f}")]
    measured = f"python -m benchmarks.report_speed {given.experiment}"
    keep(given.record, measured, [*columns, ("page, MB", "{:.2f}")], rows)


def cost(command: Sequence[str]) -> Cost:
    """Run a command of `rlsd` and time it."""
    before, started = _processor(), time.perf_counter()
    subprocess.run([*RLSD, *command], check=True, stdout=subprocess.DEVNULL)
    return Cost(_processor() - before, time.perf_counter() - started)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
