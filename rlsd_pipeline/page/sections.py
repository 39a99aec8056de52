"""The tables and sentences of a page, from its record alone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from rlsd_pipeline.page.pictures import Picture, pictures
from rlsd_pipeline.page.record import Provenance, Record
from rlsd_pipeline.page.seeds import seeds_section
from rlsd_pipeline.page.tables import estimate, in_order, steps
from rlsd_pipeline.report.grid_view import grid_tables
from rlsd_pipeline.report.method_table import (
    LEAKAGE,
    STEPS,
    difference_meaning,
    interval_meaning,
)
from rlsd_pipeline.statistics.intervals import SEEDS_REASON, STUDENT
from rlsd_pipeline.tables.documents import markdown_table
from rlsd_pipeline.tables.numbers import ABSENT, level, p_value, plain, with_ends
from rlsd_pipeline.tables.results import by_name
from schemas import MethodFidelity, MethodResult, Results, ScoreDifference

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
        f"`{of.command}`, {_day(of)}",
        *([f"commit {of.commit[:_SHOWN]}{of.commit[40:]}"] if of.commit else []),
        f"declaration {of.declaration[:_SHOWN]}",
        *([libraries] if libraries else []),
    ]
    return (
        f"{'; '.join(made)}. [record.json]({folder}/record.json) holds every number of this page, "
        f"and the digests of {len(of.artifacts)} scores and comparisons that they are from."
    )


def _day(of: Provenance) -> str:
    return f"{date.fromisoformat(of.date):%-d %B %Y}"


def _results(record: Record) -> Iterator[str]:
    """A table a benchmark, what the intervals mean, and which differences are decided."""
    table = record.table
    if table is None:
        return
    yield "## Results"
    for benchmark, lines in by_name(table.lines).items():
        yield f"### {benchmark}"
        yield _benchmark(lines, table.compared_with)
        yield from decisions(lines, table)
    meanings = [
        f"Intervals are {level(table.confidence)}, {interval_meaning(table)}",
        difference_meaning(table),
        LEAKAGE,
        STEPS,
        *record.undecided,
    ]
    yield "\n".join(f"* {said.removesuffix('.')}." for said in meanings if said)


def _benchmark(lines: Sequence[MethodResult], baseline: str) -> str:
    names = in_order({name for line in lines for name in line.steps})
    heads = ["method", "seeds", "updates", "accuracy", "gain over the base"]
    heads += [f"minus {baseline}", "p (Holm)", "mentions a reference", "blind", " / ".join(names)]
    rows = [
        [
            line.method,
            str(len(line.seeds)),
            plain(line.updates),
            with_ends(line.score),
            estimate(line.gain, sign=True),
            estimate(line.difference, sign=True),
            ABSENT if line.difference is None else p_value(line.difference.p_corrected),
            estimate(line.mentions),
            ABSENT if line.blind is None else f"{line.blind:.3f}",
            steps(line.steps, names),
        ]
        for line in lines
    ]
    # A column that no line fills says nothing.
    filled = [place for place, head in enumerate(heads) if head and _any(rows, place)]
    return markdown_table(
        [heads[place] for place in filled], [[row[place] for place in filled] for row in rows]
    )


def _any(rows: Sequence[Sequence[str]], place: int) -> bool:
    return any(row[place] != ABSENT for row in rows)


def decisions(lines: Sequence[MethodResult], table: Results) -> Iterator[str]:
    """Which methods differ from the baseline, by the corrected test over seeds alone.

    Args:
        lines: Of one benchmark.
        table: Names the baseline and the level.
    """
    found: dict[str, list[str]] = {"better": [], "worse": [], "not decided": [], "one seed": []}
    for line in lines:
        if line.difference is not None:
            word = _decided(line.difference, len(line.seeds), 1 - table.confidence)
            found[word].append(line.method)
    against = f"against {table.compared_with}, over seeds and corrected"
    said = [
        f"{word.capitalize()} {against}: {', '.join(found[word])}."
        for word in ("better", "worse", "not decided")
        if found[word]
    ]
    if found["one seed"]:
        alone = ", ".join(found["one seed"])
        said.append(f"Over the questions of one seed, which says nothing of the methods: {alone}.")
    if said:
        yield " ".join(said)


def _decided(found: ScoreDifference, seeds: int, alpha: float) -> str:
    if seeds < 2 or found.test != STUDENT:
        return "one seed" if seeds < 2 else "not decided"
    if found.p_corrected is None or found.p_corrected >= alpha:
        return "not decided"
    return "better" if found.value > 0 else "worse"


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
    heads = ["credit", "fidelity", "within responses", against, "p (Holm)"]
    yield markdown_table(heads, [_credit(one) for one in record.fidelity])
    yield record.fidelity_meaning


def _credit(one: MethodFidelity) -> list[str]:
    return [
        one.method,
        estimate(one.value),
        estimate(one.within),
        estimate(one.difference, sign=True),
        p_value(one.p_corrected),
    ]


def _grids(record: Record, drawn: Drawn, folder: str) -> Iterator[str]:
    """RLSD over λ and ε_w: each map as a picture and a table."""
    maps = [one for grid in record.grids for one in grid_tables(grid)]
    names = [name for name in drawn if name.startswith("grid-")]
    if maps:
        yield "## RLSD over λ and ε_w"
    for shown, name in zip(maps, names, strict=True):
        yield from _shown({name: drawn[name]}, name, folder)
        yield markdown_table(shown.heads, shown.texts(ABSENT))


def _diagnostics(record: Record) -> Iterator[str]:
    """The tables of `rlsd diagnose`, each with what it tells."""
    for one in record.diagnostics:
        yield f"## {one.title}"
        yield one.explanation
        rows = [[_cell(cell) for cell in row] for row in one.rows]
        yield markdown_table(one.columns, rows)


def _cell(cell: str | int | float | None) -> str:
    return cell if isinstance(cell, str) else plain(cell)


def _settings(record: Record) -> str:
    """All settings in words; one line each."""
    rows = [
        [title, line]
        for title, said in record.settings.items()
        for line in ((said,) if isinstance(said, str) else said)
    ]
    if not rows:
        return ""
    return "\n\n".join(["## Settings", *record.notes, markdown_table(["part", "setting"], rows)])
