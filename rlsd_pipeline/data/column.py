"""Finds the field of a problem in the rows of a table."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rlsd_pipeline.errors import DataError

_WRAPPED = re.compile(r"(?P<before>.*)\{(?P<name>[^{}]+)\}(?P<after>.*)", re.DOTALL)


class Column(NamedTuple):
    """The place of a problem's field in a row, with its wrapping."""

    name: str
    before: str = ""
    after: str = ""

    @classmethod
    def parse(cls, text: str) -> "Column":
        """Read `answer`, `reward_model.ground_truth` or `<answer>{answer}</answer>`."""
        match = _WRAPPED.fullmatch(text)
        return cls(match["name"], match["before"], match["after"]) if match else cls(text)

    def top(self, names: Sequence[str]) -> str:
        """The column itself; a dot leads into a struct, unless a name holds one."""
        return self.name if self.name in names else self.name.partition(".")[0]

    def value(self, row: Mapping[str, Any]) -> Any:
        """The value in a row; None without one."""
        value: Any = row
        for step in [self.name] if self.name in row else self.name.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        return value

    def text(self, row: Mapping[str, Any], place: str) -> str | None:
        """The value as text without its wrapping; None if it is null or blank."""
        value = self.value(row)
        if value is None or not (text := str(value).strip()):
            return None
        if not (text.startswith(self.before) and text.endswith(self.after)):
            raise DataError(
                f"{place}: column {self.name!r} holds {text[:60]!r}, which is not wrapped in "
                f"{self.before!r} and {self.after!r}"
            )
        return text[len(self.before) : len(text) - len(self.after)].strip() or None
