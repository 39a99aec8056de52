"""Tables of text as Markdown and LaTeX, records as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rlsd_pipeline.report.numbers import true_minus

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


class Section(NamedTuple):
    """A table of a document.

    Attributes:
        title: Title of the table.
        columns: Heads; the first columns name the lines.
        rows: Cells as text, as many a row as there are columns.
        notes: Sentences that stand below it.
        keys: So many columns name a line.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    keys: int = 1


def markdown(sections: Sequence[Section]) -> str:
    """The tables in GitHub's Markdown, with the notes as lists."""
    return "\n\n".join(_markdown(section) for section in sections)


def latex(sections: Sequence[Section]) -> str:
    """The tables as floats for the package booktabs."""
    return "\n\n".join(_latex(section) for section in sections)


def csv_text(records: Sequence[Mapping[str, object]]) -> str:
    """Records that share their keys as CSV, with a head; None is an empty cell."""
    if not records:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().removesuffix("\n")


def _rows(section: Section) -> list[list[str]]:
    """The cells with a minus sign where a number is negative; names keep their hyphens."""
    keys = section.keys
    return [[*row[:keys], *map(true_minus, row[keys:])] for row in section.rows]


def _markdown(section: Section) -> str:
    lines = [f"**{section.title}**"]
    if section.rows:
        rule = f"|{'---|' * len(section.columns)}"
        rows = map(_markdown_row, _rows(section))
        lines += ["", _markdown_row(section.columns), rule, *rows]
    if section.notes:
        lines += ["", *(f"- {note}" for note in section.notes)]
    return "\n".join(lines)


def _markdown_row(cells: Sequence[str]) -> str:
    safe = (cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(safe)} |"


def _latex(section: Section) -> str:
    notes = [f"\\par\\footnotesize {note.translate(_LATEX)}" for note in section.notes]
    if not section.rows:
        return "\n".join(notes)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            f"\\caption{{{section.title.translate(_LATEX)}}}",
            f"\\begin{{tabular}}{{l{'r' * (len(section.columns) - 1)}}}",
            r"\toprule",
            _latex_row(section.columns),
            r"\midrule",
            *map(_latex_row, _rows(section)),
            r"\bottomrule",
            r"\end{tabular}",
            *notes,
            r"\end{table}",
        ]
    )


def _latex_row(cells: Sequence[str]) -> str:
    # In braces, since a row that begins with a bracket would be an argument of the one before.
    return " & ".join(f"{{{cell.translate(_LATEX)}}}" for cell in cells) + r" \\"
