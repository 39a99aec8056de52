"""The base class of extractions: they find the answer in a response."""

from abc import abstractmethod

from rlsd_pipeline.components.component import Component


class Extraction(Component):
    """A convention for giving the final answer.

    All scan the text once: a response of megabytes costs milliseconds.
    """

    component_kind = "extraction"

    @property
    def wanted(self) -> str:
        """The mark that a response without an answer lacks, such as "`<answer>`"."""
        return "an answer that can be read"

    @abstractmethod
    def locate(self, text: str) -> tuple[int, int] | None:
        """The place of the answer: its first character and the one after it; None without one."""

    def extract(self, text: str) -> str | None:
        """The answer, stripped of blanks; None if it is missing or empty."""
        span = self.locate(text)
        return None if span is None else text[slice(*span)].strip() or None

    @abstractmethod
    def render(self, answer: str) -> str:
        """The text in which `extract` finds this answer."""

    def format_ok(self, text: str) -> bool:
        """Whether a whole response keeps the convention, be its answer right or wrong."""
        return self.extract(text) is not None
