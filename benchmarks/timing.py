"""Seconds and memory of a piece of work, and cases that take turns.

Every case runs in a process of its own, which gives it a peak memory of its own, and the cases of a
suite take turns, so that whatever else the machine does meets all of them.
"""

import json
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import track

ROOT = Path(__file__).resolve().parents[1]


class Case(NamedTuple):
    """What is run in a process of its own.

    Attributes:
        name: Unique in its suite.
        command: Interpreter and arguments; its last line of output is a JSON object of numbers
            and lists of numbers.
    """

    name: str
    command: Sequence[str]


Figures = dict[str, list[float]]
"""Name of a quantity -> every value measured."""

Suites = Mapping[str, Mapping[str, Figures]]
"""Suite -> case -> figures."""


def ours(name: str, module: str, *arguments: object) -> Case:
    """A case that runs in this environment."""
    return Case(name, [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)])


def resident() -> float:
    """Megabytes that the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def added(before: float) -> float:
    """Megabytes that the process held at its peak beyond what it held before."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before


def measure(run: Callable[[], object], repeats: int) -> dict[str, object]:
    """Wall and CPU seconds of each repeat after one that warms up, and the megabytes it adds."""
    before = resident()
    run()
    wall, cpu = [], []
    for _ in range(repeats):
        start, used = time.perf_counter(), time.process_time()
        run()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    return {"wall": wall, "cpu": cpu, "megabytes": added(before)}


def run_case(case: Case) -> list[str]:
    """The lines that a case prints.

    Raises:
        SystemExit: It fails; with what it printed.
    """
    answer = subprocess.run(case.command, cwd=ROOT, capture_output=True, text=True)
    if answer.returncode:
        raise SystemExit(f"{case.name} failed:\n{answer.stdout}\n{answer.stderr}")
    return answer.stdout.splitlines()


def take_turns(cases: Sequence[Case], rounds: int) -> dict[str, Figures]:
    """Run every case once a round."""
    found: dict[str, Figures] = {case.name: {} for case in cases}
    turns = [case for _ in range(rounds) for case in cases]
    for case in track(turns, description="measuring", console=Console(stderr=True)):
        for name, values in json.loads(run_case(case)[-1]).items():
            kept = found[case.name].setdefault(name, [])
            kept.extend(values if isinstance(values, list) else [values])
    return found


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """How many times the one median is the other."""
    return median(over) / median(under)


def growth(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The exponent b of the power law values = a sizes^b that fits best; 1 is linear."""
    logs = [math.log(size) for size in sizes], [math.log(value) for value in values]
    return statistics.linear_regression(*logs).slope


def emit(figures: Mapping[str, object]) -> None:
    """The line that `take_turns` reads."""
    print(json.dumps(figures))
