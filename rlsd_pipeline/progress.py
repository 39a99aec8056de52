"""The progress reports of a stage."""

from typing import Protocol


class Progress(Protocol):
    """Told about the work of one stage while it runs."""

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """A stage begins; `total` counts its units, None if unknown."""
        ...

    def advance(self, count: int) -> None:
        """Report how many more units are done."""
        ...

    def metric(self, name: str, value: float) -> None:
        """A number worth showing, such as the reward."""
        ...


class Silent:
    """Says nothing."""

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """Ignore."""

    def advance(self, count: int) -> None:
        """Ignore."""

    def metric(self, name: str, value: float) -> None:
        """Ignore."""
