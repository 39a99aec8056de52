"""Tables as Markdown and LaTeX, records as CSV."""

import csv
import io
import re
from collections.abc import Mapping, Sequence

from rlsd_pipeline.tables.table import Table

_CODE = re.compile(r"(`[^`]*`)")

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "−": r"$-$",
        "×": r"$\times$",
        "λ": r"$\lambda$",
        "\n": " ",
    }
)


def markdown(tables: Sequence[Table]) -> str:
    """The tables in GitHub's Markdown, with the notes as lists."""
    return "\n\n".join(_markdown(table) for table in tables)


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells in GitHub's Markdown; a bar within a cell does not end it.

    Args:
        heads: Names of the columns.
        rows: As many cells a row.
    """
    rule = f"|{'---|' * len(heads)}"
    return "\n".join([_markdown_row(heads), rule, *map(_markdown_row, rows)])


def markdown_cells(table: Table) -> str:
    """A table as it stands in a text: without title and notes, with three significant digits."""
    return markdown_table(table.heads, table.significant())


def latex(tables: Sequence[Table]) -> str:
    """The tables as floats for the package booktabs."""
    return "\n\n".join(_latex(table) for table in tables)


def csv_text(records: Sequence[Mapping[str, object]]) -> str:
    """Records that share their keys as CSV, with a head; None is an empty cell."""
    if not records:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().removesuffix("\n")


def _markdown(table: Table) -> str:
    lines = [f"**{table.title}**"]
    if table.rows:
        lines += ["", markdown_table(table.heads, table.texts(""))]
    if table.notes:
        lines += ["", *(f"- {note}" for note in table.notes)]
    return "\n".join(lines)


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_markdown_cell, cells))} |"


def _markdown_cell(text: str) -> str:
    # A backslash in code is one; outside it escapes what follows.
    parts = [
        part if part.startswith("`") else part.replace("\\", "\\\\") for part in _CODE.split(text)
    ]
    return "".join(parts).replace("|", "\\|").replace("\n", " ")


def _latex(table: Table) -> str:
    notes = [f"\\par\\footnotesize {note.translate(_LATEX)}" for note in table.notes]
    if not table.rows:
        return "\n".join(notes)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            f"\\caption{{{table.title.translate(_LATEX)}}}",
            f"\\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}",
            r"\toprule",
            _latex_row(table.heads),
            r"\midrule",
            *map(_latex_row, table.texts("")),
            r"\bottomrule",
            r"\end{tabular}",
            *notes,
            r"\end{table}",
        ]
    )


def _latex_row(cells: Sequence[str]) -> str:
    # In braces, since a row that begins with a bracket would be an argument of the one before.
    return " & ".join(f"{{{cell.translate(_LATEX)}}}" for cell in cells) + r" \\"
