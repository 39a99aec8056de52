"""The record of a measured table, and the block of a page that is made from it.

    docs/records/NAME.json                          date, command, commit, machine, every number
    <!-- records/NAME --> ... <!-- records/NAME -->     where a page has its table

A benchmark writes its record with `--record docs/records/NAME.json`; `python docs/site/evidence.py`
writes the blocks.
"""

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from benchmarks.timing import ROOT
from rlsd_pipeline.tables.documents import markdown_table
from rlsd_pipeline.tables.numbers import true_minus

FOLDER = ROOT / "docs" / "records"
SPREAD = "{:.2f} ({:.2f} to {:.2f})"
"""Of the median, the least and the most."""

Cell = str | int | float | Sequence[str | int | float] | None
"""Text; a number or several, which the column formats; or a format of its own, then its numbers."""

_LEADING = re.compile(r"(?<![\d.,])0(?=\.\d)")


class Column(BaseModel):
    """A column of a table.

    Attributes:
        head: Its title.
        show: The format of a cell's numbers, such as `{:.2f} [{:.2f}, {:.2f}]`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    head: str
    show: str = "{}"


class Record(BaseModel):
    """What a table shows, and where it is from.

    Attributes:
        date: Of the measurement.
        command: What makes it again.
        commit: Of the code that was measured; None where nobody kept it.
        machine: Where it ran; None where the figures do not depend on it, or nobody kept it.
        versions: Library -> version.
        transcribed: Whether the record of the run is lost, and the digits are those of the page.
        leading_zero: Whether numbers below 1 begin with 0.
        columns: Of the table.
        rows: Its cells.
        printed: What the command printed, line by line, where that is shown instead.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: datetime.date
    command: str
    commit: str | None = None
    machine: str | None = None
    versions: Mapping[str, str] = {}
    transcribed: bool = False
    leading_zero: bool = True
    columns: Sequence[Column] = ()
    rows: Sequence[Sequence[Cell]] = ()
    printed: Sequence[str] = ()

    def block(self) -> str:
        """The table or what was printed, then command, date, machine and commit."""
        facts = [f"`{self.command}`", f"{self.date:%-d %B %Y}", self.machine]
        if self.commit:
            facts.append(f"commit {self.commit}")
        return f"{self._shown()}\n\n{', '.join(filter(None, facts))}."

    def _shown(self) -> str:
        if self.printed:
            return "\n".join(["```", *self.printed, "```"])
        cells = [
            [self._text(cell, column.show) for cell, column in zip(row, self.columns, strict=True)]
            for row in self.rows
        ]
        return markdown_table([column.head for column in self.columns], cells)

    def _text(self, cell: Cell, show: str) -> str:
        if cell is None or isinstance(cell, str):
            return cell or ""
        first, *others = cell if isinstance(cell, Sequence) else [cell]
        text = first.format(*others) if isinstance(first, str) else show.format(first, *others)
        return true_minus(text if self.leading_zero else _LEADING.sub("", text))


def read(path: Path) -> Record:
    """The record of a file."""
    return Record.model_validate_json(path.read_bytes())


def write(path: Path, record: Record) -> None:
    """One row a line, so that a change shows which rows it changed."""
    kept = record.model_dump(mode="json", exclude_defaults=True)
    fields = []
    for name, value in kept.items():
        lines = value if isinstance(value, list) else None
        text = json.dumps(value, ensure_ascii=False)
        if lines:
            each = ",\n  ".join(json.dumps(line, ensure_ascii=False) for line in lines)
            text = f"[\n  {each}\n ]"
        fields.append(f' "{name}": {text}')
    path.write_text("{\n" + ",\n".join(fields) + "\n}\n")


def marks(text: str) -> list[str]:
    """The names of the records that a page shows, in order."""
    return re.findall(r"<!-- records/([\w-]+) -->(?=.*?<!-- records/\1 -->)", text, re.DOTALL)


def with_records(text: str, folder: Path = FOLDER) -> str:
    """A page with the block of each record that it shows.

    Args:
        text: With earlier ones.
        folder: Where the records are.

    Raises:
        OSError: A record is not there.
    """
    for name in marks(text):
        mark = f"<!-- records/{name} -->"
        new = f"{mark}\n\n{read(folder / f'{name}.json').block()}\n\n{mark}"
        text = re.sub(f"{mark}.*?{mark}", lambda _, new=new: new, text, flags=re.DOTALL)
    return text


def measured(
    command: str,
    columns: Sequence[tuple[str, str]] = (),
    rows: Sequence[Sequence[Cell]] = (),
    **others: Any,
) -> Record:
    """What was measured just now, here.

    Args:
        command: What measured it, with the options that matter.
        columns: Head and format of each.
        rows: A cell a column.
        others: Further attributes of the record.
    """
    return Record(
        date=datetime.date.today(),
        command=command,
        commit=commit(),
        machine=machine(),
        columns=[Column(head=head, show=show) for head, show in columns],
        rows=rows,
        **others,
    )


def add_record(parser: argparse.ArgumentParser) -> None:
    """Let a command take `--record FILE`."""
    parser.add_argument("--record", type=Path, help="also keep the figures, as docs/records has it")


def keep(
    path: Path | None,
    command: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[Cell]],
    *,
    leading_zero: bool = True,
) -> None:
    """Keep what was measured just now, here; see `measured`.

    Args:
        path: What `--record` says; None keeps nothing.
        command: What measured it, with the options that matter.
        columns: Head and format of each.
        rows: A cell a column.
        leading_zero: Whether numbers below 1 begin with 0, as the page has it.
    """
    if path is not None:
        write(path, measured(command, columns, rows, leading_zero=leading_zero))


def machine() -> str:
    """Processors and what they are."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return f"{os.cpu_count()} cores of an {models[0] if models else platform.processor()}"


def commit() -> str:
    """The commit of the checkout, in twelve digits."""
    asked = ["git", "rev-parse", "--short=12", "HEAD"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True).stdout.strip()
