r"""The answer in the last `\boxed{}`."""

from typing import Literal

from rlsd_pipeline.verifiers.extractions.extraction import Extraction
from rlsd_pipeline.verifiers.spans import last_box


class Boxed(Extraction):
    r"""The answer stands in the last `\boxed{}` whose braces are balanced."""

    type: Literal["boxed"] = "boxed"

    @property
    def wanted(self) -> str:
        """The box."""
        return r"`\boxed{}`"

    def locate(self, text: str) -> tuple[int, int] | None:
        r"""The inside of the last complete box, the inner one of two nested."""
        return last_box(text)

    def render(self, answer: str) -> str:
        """The answer in a box."""
        return rf"\boxed{{{answer}}}"

    def format_ok(self, text: str) -> bool:
        """Exactly one box was opened, and it is complete and not empty."""
        return text.count(r"\boxed") == 1 and self.extract(text) is not None
