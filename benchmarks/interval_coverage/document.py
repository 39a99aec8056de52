"""The tables of docs/coverage.md, between two marks, and the record that they are made from."""

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.interval_coverage.conditions import Condition, Group
from benchmarks.timing import ROOT
from rlsd_pipeline.tables.documents import markdown_table

DOCUMENT = ROOT / "docs" / "coverage.md"
RECORD = DOCUMENT.with_suffix("") / "rates.json"
ENOUGH = 0.93
"""Coverage below which an interval is labelled."""

COMMAND = "make coverage"
MARK = "<!-- rows -->"
_ROW = re.compile(r"\| ([^|]+) \| ([^|]+) \| \**([\d.]+)\** \| ([^|]*) ?\|")


def key(condition: Condition) -> tuple[str, str]:
    """By what a line of the document is found."""
    return condition.name, condition.setting


def rows(groups: Sequence[Group], found: Mapping[tuple[str, str], float]) -> list[str]:
    """A table a group.

    Args:
        groups: What was simulated.
        found: How often, by condition.
    """
    lines = []
    for group in groups:
        cells = []
        for one in group.conditions:
            rate = f"{found[key(one)]:.3f}".lstrip("0") if found[key(one)] < 1 else "1.000"
            low = group.measured == "coverage" and found[key(one)] < ENOUGH
            cells.append([one.name, one.setting, f"**{rate}**" if low else rate, one.label])
        heads = ["interval or p", "condition", group.measured, "said"]
        lines += ["", f"### {group.title}", "", *markdown_table(heads, cells).split("\n")]
    return lines


def written(text: str) -> dict[tuple[str, str], tuple[float, str]]:
    """The lines of a document: interval and condition -> how often, and what is said of it."""
    found = {}
    for line in text.split(MARK)[1].splitlines():
        if match := _ROW.fullmatch(line):
            name, setting, number, label = match.groups()
            found[name, setting] = (float(number), label.strip())
    return found


def write(groups: Sequence[Group], found: Mapping[tuple[str, str], float], seconds: float) -> None:
    """Record the rates, and put the tables, their date and command into the document."""
    record = {
        "date": f"{datetime.date.today()}",
        "cpu_minutes": seconds / 60,
        "rates": [{"name": of[0], "setting": of[1], "rate": one} for of, one in found.items()],
    }
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    DOCUMENT.write_text(with_rates(DOCUMENT.read_text(), groups, record))


def with_rates(text: str, groups: Sequence[Group], record: Mapping[str, Any]) -> str:
    """The document with the tables of a record.

    Args:
        text: With earlier ones.
        groups: What was simulated.
        record: From `RECORD`.
    """
    tables = sum(one.tables for group in groups for one in group.conditions)
    day = datetime.date.fromisoformat(record["date"])
    minutes = record["cpu_minutes"]
    said = f"`{COMMAND}`, {day:%-d %B %Y}: {tables:,} tables, {minutes:.1f} CPU minutes."
    found = {(one["name"], one["setting"]): one["rate"] for one in record["rates"]}
    new = "\n".join([MARK, "", said, *rows(groups, found), "", MARK])
    return re.sub(f"{MARK}.*?{MARK}", lambda _: new, text, flags=re.DOTALL)
