"""The answer on the last line."""

from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.verifiers.extractions.extraction import Extraction


class LastLine(Extraction):
    """The answer stands on the last line that is not blank, after a fixed beginning."""

    type: Literal["last_line"] = "last_line"

    prefix: Annotated[str, Field(min_length=1)] = "Answer:"
    """The beginning of the last line, in upper or lower case."""

    @property
    def wanted(self) -> str:
        """The line."""
        return f"a last line that begins with `{self.prefix}`"

    def locate(self, text: str) -> tuple[int, int] | None:
        """The whole last line: what precedes the answer there says that it is one."""
        if self.extract(text) is None:
            return None
        end = len(text.rstrip())
        return text.rfind("\n", 0, end) + 1, end

    def extract(self, text: str) -> str | None:
        """The text after the prefix on the last line, without bold marks."""
        line = text.rstrip().rpartition("\n")[2].replace("**", "").strip()
        if not line.casefold().startswith(self.prefix.casefold()):
            return None
        return line[len(self.prefix) :].strip() or None

    def render(self, answer: str) -> str:
        """The last line of a response that gives this answer."""
        return f"{self.prefix} {answer}"
