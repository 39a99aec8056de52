"""The progress display of running stages: the arm's iterations above, the stage below."""

import os
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as Bars,
)
from rich.table import Column

from rlsd_pipeline.progress import Progress

_PLAIN_SECONDS = 10.0
_WIDE = 110
"""Columns of a terminal from which all parts of a bar fit beside each other."""


class Lane(Progress, Protocol):
    """Told how far an arm is, beside what its stages do."""

    def arm(self, name: str, done: int, total: int) -> None:
        """An arm begins or continues at iteration `done` of `total`."""
        ...

    def iteration(self, name: str, done: int) -> None:
        """One more iteration of the arm is complete."""
        ...

    def say(self, text: str) -> None:
        """A line that stays."""
        ...


class Display:
    """Progress bars on a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Bars(*_columns(console), console=console, disable=not console.is_terminal)
        self._arm = self._bars.add_task("", total=None, note="", visible=False)
        self._stage = self._bars.add_task("", total=None, note="", visible=False)
        self._lanes: dict[str, TaskID] = {}
        self._metrics: dict[str, float] = {}
        self._stage_metrics: dict[str, float] = {}
        self._stage_total: int | None = None
        self._name = self._unit = ""
        self._count = self._total = 0
        self._started = self._printed = time.monotonic()

    def __enter__(self) -> "Display":
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def arm(self, name: str, done: int, total: int) -> None:
        """An arm begins or continues at iteration `done` of `total`."""
        self._total = total
        self._metrics.clear()
        self._bars.reset(self._arm, total=total, completed=done, description=name, visible=True)
        here = f"{total} iteration{'s' * (total > 1)} to go"
        if done:
            here = f"{done} of {total} iterations are complete"
        self.say(f"{name}: {here}")

    def lane(self, name: str, done: int, total: int, notes: str) -> None:
        """One of several arms at the same time; finished ones leave a line."""
        self._lane(name, done, total, notes)
        if done == total:
            self.say(f"{name}: {done} of {total} iterations  {notes}")

    def stage(self, name: str, done: int, total: int, notes: str) -> None:
        """A long stage of one of several processes."""
        self._lane(name, done, total, notes)
        if not self._console.is_terminal and time.monotonic() - self._printed > _PLAIN_SECONDS:
            self.say(f"{name}: {done} of {total}  {notes}")

    def _lane(self, name: str, done: int, total: int, notes: str) -> None:
        if name not in self._lanes:
            self._lanes[name] = self._bars.add_task(name, total=total, note="")
        self._bars.update(self._lanes[name], completed=done, note=notes, visible=done < total)

    def iteration(self, name: str, done: int) -> None:
        """One more iteration of the arm is complete."""
        total = self._total
        self._bars.update(self._arm, completed=done, note=self._notes())
        if not self._console.is_terminal and time.monotonic() - self._printed > _PLAIN_SECONDS:
            self.say(f"{name}: {done} of {total} iterations  {self._notes()}")

    def say(self, text: str) -> None:
        """A line that stays."""
        self._printed = time.monotonic()
        self._bars.console.print(text)

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """A stage begins."""
        self._name, self._unit, self._count = stage, unit, 0
        self._stage_total = total
        self._stage_metrics.clear()
        self._started = time.monotonic()
        self._bars.reset(self._stage, total=total, description=f"  {stage}", visible=True, note="")

    def advance(self, count: int) -> None:
        """Report how many more units of the stage are done."""
        self._count += count
        rate = self._count / max(time.monotonic() - self._started, 1e-3)
        note = f"{rate:,.0f} {self._unit}/s  {_listed(self._stage_metrics)}"
        self._bars.update(self._stage, advance=count, note=note)
        silent_since = max(self._started, self._printed)
        if not self._console.is_terminal and time.monotonic() - silent_since > _PLAIN_SECONDS:
            left = ""
            if self._stage_total is not None and rate:
                seconds = round((self._stage_total - self._count) / rate)
                left = f", {timedelta(seconds=seconds)} left"
            done = f"{self._count} {self._unit} ({rate:,.1f}/s{left})"
            self.say(f"{self._name}: {done}  {_listed(self._stage_metrics)}")

    def metric(self, name: str, value: float) -> None:
        """A number worth showing."""
        self._metrics[name] = self._stage_metrics[name] = value

    def _notes(self) -> str:
        return _listed(self._metrics)


def _columns(console: Console) -> list[ProgressColumn]:
    """The parts of a bar; a narrow terminal gets those that change, so that none is cut."""
    note, left = TextColumn("{task.fields[note]}"), TimeRemainingColumn()
    if console.width < _WIDE:
        name = TextColumn("{task.description}", table_column=Column(max_width=20))
        return [SpinnerColumn(), name, BarColumn(bar_width=6), MofNCompleteColumn(), note, left]
    name = TextColumn("{task.description:<34}")
    bar = BarColumn(bar_width=24)
    return [SpinnerColumn(), name, bar, MofNCompleteColumn(), note, TimeElapsedColumn(), left]


def _listed(metrics: Mapping[str, float]) -> str:
    return "  ".join(_shown(name, value) for name, value in metrics.items())


def _shown(name: str, value: float) -> str:
    if name.endswith("/s"):
        return f"{value:,} {name}"
    return f"{name} {value:,}" if isinstance(value, int) else f"{name} {value:.3f}"


def console() -> Console:
    """The console of all output: text as it is, and for a file or a pipe lines of any width."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 240
    return Console(width=width, highlight=False, markup=False, emoji=False)


def say(*lines: str) -> None:
    """Print lines that the terminal wraps, so that a command in them can be copied."""
    output = console()
    for line in lines:
        output.print(line, soft_wrap=True)
