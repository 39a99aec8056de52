"""The tables and sentences of a page, from its record alone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from rlsd_pipeline.page.pictures import Picture, pictures
from rlsd_pipeline.page.record import Record
from rlsd_pipeline.page.seeds import seeds_section
from rlsd_pipeline.report.chart_tables import grid_tables
from rlsd_pipeline.report.method_table import (
    LEAKAGE,
    STEPS,
    difference_meaning,
    interval_meaning,
)
from rlsd_pipeline.stages.evaluation.undecided import undecided_notes
from rlsd_pipeline.statistics.intervals import SEEDS_REASON
from rlsd_pipeline.tables.credit import fidelity_columns, part_columns
from rlsd_pipeline.tables.documents import markdown_cells
from rlsd_pipeline.tables.numbers import level
from rlsd_pipeline.tables.result_columns import result_columns
from rlsd_pipeline.tables.results import by_name, reading
from rlsd_pipeline.tables.table import Table, table_of_cells
from schemas import MethodResult, Results
from schemas.weighting_comparison import WITHIN

_COLUMNS = (
    *("method", "seeds", "updates", "accuracy", "gain", "difference", "p", "mentions", "blind"),
    "steps",
)
"""The columns of a benchmark."""

_SHOWN = 12
"""Digits of a digest on the page; the record has more."""

Drawn = Mapping[str, Picture]
"""Name of the file without its ending -> picture."""


def page_text(record: Record, folder: str) -> str:
    """The whole text of a record; the same record gives the same text.

    Args:
        record: All numbers.
        folder: Where record and pictures are, as the page links to them.
    """
    drawn = pictures(record)
    parts = [
        _provenance(record, folder),
        *_results(record),
        *seeds_section(record.seeds),
        *_pictured("Learning curves", drawn, "curve-", folder),
        *_fidelity(record, drawn, folder),
        *_pictured("Learning against fidelity", drawn, "learning-", folder),
        *_grids(record, drawn, folder),
        *_diagnostics(record),
        _settings(record),
    ]
    return _once("\n\n".join(part for part in parts if part), SEEDS_REASON)


def _once(text: str, sentence: str) -> str:
    """The text with a sentence where it stands first alone."""
    before, found, after = text.partition(f"{sentence}.")
    return before + found + after.replace(f" {sentence}.", "")


def _provenance(record: Record, folder: str) -> str:
    """Date, commit, digests, versions."""
    of = record.provenance
    libraries = ", ".join(f"{name} {' and '.join(of.libraries[name])}" for name in of.libraries)
    made = [
        f"`{of.command}`, {date.fromisoformat(of.date):%-d %B %Y}",
        *([f"commit {of.commit[:_SHOWN]}{of.commit[40:]}"] if of.commit else []),
        f"declaration {of.declaration[:_SHOWN]}",
        *([libraries] if libraries else []),
    ]
    return (
        f"{'; '.join(made)}. [record.json]({folder}/record.json) holds every number of this page, "
        f"and the digests of {len(of.artifacts)} scores and comparisons that they are from."
    )


def _results(record: Record) -> Iterator[str]:
    """A table a benchmark, what the intervals mean, and which differences are decided."""
    table = record.table
    if table is None:
        return
    yield "## Results"
    for benchmark, lines in by_name(table.lines).items():
        yield f"### {benchmark}"
        columns = result_columns(_COLUMNS, lines, f"minus {table.compared_with}")
        yield markdown_cells(Table("", columns, lines))
        yield from decisions(lines, table)
    meanings = [
        f"Intervals are {level(table.confidence)}, {interval_meaning(table)}",
        difference_meaning(table),
        LEAKAGE,
        STEPS,
        *undecided_notes(table.lines, table.compared_with, table.confidence),
    ]
    yield "\n".join(f"* {said.removesuffix('.')}." for said in meanings if said)


def decisions(lines: Sequence[MethodResult], table: Results) -> Iterator[str]:
    """Which methods differ from the baseline, by the corrected test over seeds alone.

    Args:
        lines: Of one benchmark.
        table: Names the baseline and the level.
    """
    words = {"higher": "Better", "lower": "Worse", "unresolved": "Not decided"}
    found = {
        word: [one.method for one in lines if reading(one, table.confidence) == word]
        for word in (*words, "one seed")
    }
    against = f"against {table.compared_with}, over seeds and corrected"
    said = [f"{words[word]} {against}: {', '.join(found[word])}." for word in words if found[word]]
    if found["one seed"]:
        alone = ", ".join(found["one seed"])
        said.append(f"Over the questions of one seed, which says nothing of the methods: {alone}.")
    if said:
        yield " ".join(said)


def _shown(drawn: Drawn, kind: str, folder: str) -> Iterator[str]:
    """The pictures of one kind; a caption that several share stands below the last of them."""
    of = [(name, picture) for name, picture in drawn.items() if name.startswith(kind)]
    for place, (name, picture) in enumerate(of):
        yield f"![{picture.title}]({folder}/{name}.png)"
        following = of[place + 1][1].caption if place + 1 < len(of) else ""
        if picture.caption != following:
            yield picture.caption


def _pictured(title: str, drawn: Drawn, kind: str, folder: str) -> Iterator[str]:
    found = list(_shown(drawn, kind, folder))
    if found:
        yield f"## {title}"
        yield from found


def _fidelity(record: Record, drawn: Drawn, folder: str) -> Iterator[str]:
    """The fidelity of every method's credit."""
    if not record.fidelity:
        return
    yield "## Credit fidelity"
    yield from _shown(drawn, "fidelity", folder)
    against = f"minus {record.table.compared_with}" if record.table else "difference"
    method, fidelity, *compared = fidelity_columns(against)
    within = part_columns(WITHIN, against)[0]
    yield markdown_cells(Table("", [method, fidelity, within, *compared], record.fidelity))
    yield record.fidelity_meaning


def _grids(record: Record, drawn: Drawn, folder: str) -> Iterator[str]:
    """RLSD over λ and ε_w: each map as a picture and a table."""
    maps = [one for grid in record.grids for one in grid_tables(grid)]
    names = [name for name in drawn if name.startswith("grid-")]
    if maps:
        yield "## RLSD over λ and ε_w"
    for shown, name in zip(maps, names, strict=True):
        yield from _shown({name: drawn[name]}, name, folder)
        yield markdown_cells(shown)


def _diagnostics(record: Record) -> Iterator[str]:
    """The tables of `rlsd diagnose`, each with what it tells."""
    for one in record.diagnostics:
        yield f"## {one.title}"
        yield one.explanation
        yield markdown_cells(one.table)


def _settings(record: Record) -> str:
    """All settings in words; one line each."""
    rows = [
        [title, line]
        for title, said in record.settings.items()
        for line in ((said,) if isinstance(said, str) else said)
    ]
    if not rows:
        return ""
    shown = markdown_cells(table_of_cells("", ["part", "setting"], rows))
    return "\n\n".join(["## Settings", *record.notes, shown])
