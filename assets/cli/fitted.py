"""Tables for a terminal of any width: no cell is cut off, and the first columns come first."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

from assets.cli.progress import console
from rlsd_pipeline.tables import table as declared

_UNBOUNDED = 10_000
"""Wider than any table: measured at this width, a table says what it would take."""

# Any, since its values are of several types.
_LOOK: Any = {
    "box": box.SIMPLE_HEAD,
    "padding": (0, 1, 0, 0),
    "pad_edge": False,
    "show_edge": False,
}


class FittedTable(Table):
    """A table that puts its last columns below if they do not fit beside the first.

    What names a row is repeated there, and columns that belong together stay together where they
    fit. Where a single cell is too long for the terminal, every row is a paragraph of its own, a
    line a column.
    """

    def __init__(self, shown: declared.Table) -> None:
        """The rows of a declared table."""
        super().__init__(**_LOOK)
        self.heading, self.note = shown.title, "\n".join(shown.notes)
        self.keys, self.together = shown.keys, shown.together
        for place, column in enumerate(shown.columns):
            left = place < self.keys or column.is_text
            self.add_column(Text(column.head), justify="left" if left else "right")
        for place, cells in enumerate(shown.texts()):
            if place in shown.ruled:
                self.add_section()
            self.add_row(*map(Text, cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table in as many parts as its width needs, between title and note."""
        yield Text(self.heading, style="bold")
        blocks = self._blocks(console, options)
        if blocks is None:
            yield from self._paragraphs()
        else:
            for block in blocks:
                yield self._part(block)
                if block is not blocks[-1]:
                    yield ""
        if self.note:
            yield Text(self.note, style="dim")
        yield ""

    def _blocks(self, console: Console, options: ConsoleOptions) -> list[list[Column]] | None:
        """The columns of each part; None where some column does not fit even by itself."""
        names, rest = self.columns[: self.keys], self.columns[self.keys :]
        unbounded = options.update_width(_UNBOUNDED)

        def fits(columns: Sequence[Column]) -> bool:
            taken = Measurement.get(console, unbounded, self._part([*names, *columns])).maximum
            return taken <= options.max_width

        if not all(fits([column]) for column in rest) or not fits([]):
            return None
        blocks: list[list[Column]] = [[]]
        for at in range(0, len(rest), self.together):
            group = rest[at : at + self.together]
            for columns in [group] if fits(group) else [[column] for column in group]:
                if not fits([*blocks[-1], *columns]):
                    blocks.append([])
                blocks[-1].extend(columns)
        return [[*names, *block] for block in blocks]

    def _part(self, columns: Sequence[Column]) -> Table:
        """A table of some of the columns."""
        part = Table(**_LOOK)
        part.columns = [replace(column, _index=place) for place, column in enumerate(columns)]
        part.rows = self.rows
        return part

    def _paragraphs(self) -> Iterator[Table]:
        for cells in zip(*(column.cells for column in self.columns), strict=True):
            lines = Table.grid(padding=(0, 2))
            lines.add_column(no_wrap=True, style="dim")
            lines.add_column(overflow="fold")
            for column, cell in zip(self.columns, cells, strict=True):
                lines.add_row(column.header, cell)
            lines.add_row()
            yield lines


def show(*shown: declared.Table | str) -> None:
    """Print declared tables and sentences."""
    output = console()
    for each in shown:
        output.print(each if isinstance(each, str) else FittedTable(each))
