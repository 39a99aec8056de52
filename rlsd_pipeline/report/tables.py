"""Tables of the page, and the HTML elements that all sections use."""

import re
from collections.abc import Iterable, Sequence
from html import escape

from rlsd_pipeline.tables import table as declared
from rlsd_pipeline.tables.numbers import ends_of, p_value, percent, plain, with_ends

Cell = str | int | float | None

_COMMAND = re.compile("`([^`]+)`")
_INTERVAL = re.compile(r"\[[+−]?[\d.∞–][^\[\]]*\]")


def paragraph(text: str, name: str = "") -> str:
    """A paragraph, or nothing if there is nothing to say."""
    attribute = f' class="{name}"' if name else ""
    shown = _COMMAND.sub(r"<code>\1</code>", escape(text))
    return f"<p{attribute}>{shown}</p>" if text else ""


def section(key: str, title: str, *body: str) -> str:
    """A section with its heading."""
    content = "\n".join(part for part in body if part)
    return f'<section id="{key}"><h2>{escape(title)}</h2>\n{content}</section>'


def details(summary: str, body: str) -> str:
    """Something that opens on demand."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def numbers(tables: Iterable[tuple[str, str]]) -> str:
    """Returns tables with their titles, folded away, side by side where there is room."""
    items = [f"<div><h3>{escape(title)}</h3>{of}</div>" for title, of in tables]
    return details("Numbers", f'<div class="numbers">{"".join(items)}</div>')


def meanings(entries: Iterable[tuple[str, str]]) -> str:
    """What names mean, those without a meaning left out."""
    items = [f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in entries if v]
    return f'<dl class="meanings">{"".join(items)}</dl>' if items else ""


class Markup(str):
    """A cell that is HTML already."""


def rendered(shown: declared.Table) -> str:
    """A declared table."""
    columns = shown.columns
    rows = [[cell(column, record) for column in columns] for record in shown.rows]
    return table(shown.title, shown.heads, rows)


def cell(column: declared.Column, record: object) -> Cell:
    """A cell by the form of its column; an interval that the data do not bound is absent."""
    value, form = column.value(record), column.form
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return {"p": p_value, "%": percent}.get(form, lambda number: number)(value)
    return with_ends(value, sign=form.startswith("+")) if ends_of(value) else None


def table(label: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A table of plain values: text to the left, columns of numbers to the right."""
    numeric = [all(_is_number(row[place]) for row in rows) for place in range(len(columns))]
    heads = [head(name, number) for name, number in zip(columns, numeric, strict=True)]
    return framed(label, heads, f"<tbody>{''.join(row_of(row, numeric) for row in rows)}</tbody>")


def row_of(cells: Sequence[Cell], numeric: Sequence[bool], name: str = "") -> str:
    """A row, whose first cell is its head; its class may have a name."""
    first, *rest = map(_value, cells)
    body = "".join(
        f"<td{' class=n' if number else ''}>{content}</td>"
        for content, number in zip(rest, numeric[1:], strict=True)
    )
    attribute = f' class="{name}"' if name else ""
    return f'<tr{attribute}><th scope="row">{first}</th>{body}</tr>'


def equal_rows(rows: Iterable[Sequence[object]], why: str) -> str:
    """A sentence for the rows that say the same of several names; nothing where none do."""
    named: dict[tuple[object, ...], list[str]] = {}
    for name, *cells in rows:
        named.setdefault(tuple(cells), []).append(str(name))
    groups = [" and ".join(names) for names in named.values() if len(names) > 1]
    return paragraph(f"Equal rows: {'; '.join(groups)}: {why}", "muted") if groups else ""


def framed(label: str, heads: Sequence[str], bodies: str) -> str:
    """A table in a box of its own that scrolls sideways, by keyboard too, where it is wide."""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(label)}">'
        f"<table><thead><tr>{''.join(heads)}</tr></thead>{bodies}</table></div>"
    )


def head(name: str, number: bool) -> str:
    """The head of a column."""
    return f'<th scope="col"{" class=n" if number else ""}>{escape(name)}</th>'


def _value(value: Cell) -> str:
    """The HTML of a value; an interval is set small, and may stand below its number."""
    if isinstance(value, Markup):
        return value
    if not isinstance(value, str):
        return plain(value)
    return _INTERVAL.sub(r"<small>\g<0></small>", escape(value))


def _is_number(value: Cell) -> bool:
    return not isinstance(value, str) or bool(re.match(r"[+−-]?[\d.]|[<–]", value))
