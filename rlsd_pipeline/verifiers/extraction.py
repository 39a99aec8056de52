"""Where the answer stands in a response.

Each extraction finds an answer (`locate`), reads it (`extract`), writes one the way it would be
read (`render`), and says whether a whole response keeps the format that the prompt asks for
(`format_ok`). All scan the text once: a response of megabytes costs milliseconds.
"""

from dataclasses import dataclass
from typing import Protocol

from rlsd_pipeline.config.verifier import (
    AnswerTagExtraction,
    BoxedExtraction,
    ExtractionConfig,
    FinalAnswerExtraction,
    LastLineExtraction,
)
from rlsd_pipeline.verifiers.final_answer import FinalAnswer
from rlsd_pipeline.verifiers.spans import last_answer_tag, last_box

_TAGS = ("<think>", "</think>", "<answer>", "</answer>")


class Extraction(Protocol):
    """A convention for giving the final answer."""

    def locate(self, text: str) -> tuple[int, int] | None:
        """Where the answer stands, in characters; None where there is none."""

    def extract(self, text: str) -> str | None:
        """The answer, stripped of blanks; None where there is none or an empty one."""

    def render(self, answer: str) -> str:
        """The text in which `extract` finds this answer."""

    def format_ok(self, text: str) -> bool:
        """Whether a response keeps to the convention in full."""


@dataclass(frozen=True)
class AnswerTag:
    """The last complete `<answer>…</answer>`."""

    def locate(self, text: str) -> tuple[int, int] | None:
        """The inside of the last complete pair; what an unclosed tag holds is no answer."""
        return last_answer_tag(text)

    def extract(self, text: str) -> str | None:
        """The inside, stripped."""
        return _inside(text, self.locate(text))

    def render(self, answer: str) -> str:
        """The answer between its tags."""
        return f"<answer>{answer}</answer>"

    def format_ok(self, text: str) -> bool:
        """One think block, then one answer block that is not empty; around them only blanks."""
        if any(text.count(tag) != 1 for tag in _TAGS):
            return False
        outside, rest = text.split("<think>")
        _, _, rest = rest.partition("</think>")
        between, _, rest = rest.partition("<answer>")
        answer, closed, after = rest.partition("</answer>")
        return bool(closed and answer.strip()) and not (outside + between + after).strip()


@dataclass(frozen=True)
class Boxed:
    r"""The last `\boxed{}` whose braces are balanced."""

    def locate(self, text: str) -> tuple[int, int] | None:
        r"""The inside of the last complete box, the inner one of two nested."""
        return last_box(text)

    def extract(self, text: str) -> str | None:
        """The inside, stripped."""
        return _inside(text, self.locate(text))

    def render(self, answer: str) -> str:
        """The answer in a box."""
        return rf"\boxed{{{answer}}}"

    def format_ok(self, text: str) -> bool:
        """Exactly one box was opened, and it is complete and not empty."""
        return text.count(r"\boxed") == 1 and self.extract(text) is not None


@dataclass(frozen=True)
class LastLine:
    """The last line that is not blank, if it begins as agreed."""

    prefix: str

    def locate(self, text: str) -> tuple[int, int] | None:
        """The whole last line: what precedes the answer there says that it is one."""
        if self.extract(text) is None:
            return None
        end = len(text.rstrip())
        return text.rfind("\n", 0, end) + 1, end

    def extract(self, text: str) -> str | None:
        """What follows the prefix on the last line; bold marks are not a part of it."""
        line = text.rstrip().rpartition("\n")[2].replace("**", "").strip()
        if not line.casefold().startswith(self.prefix.casefold()):
            return None
        return line[len(self.prefix) :].strip() or None

    def render(self, answer: str) -> str:
        """The last line of a response that gives this answer."""
        return f"{self.prefix} {answer}"

    def format_ok(self, text: str) -> bool:
        """The last line gives an answer."""
        return self.extract(text) is not None


def build_extraction(config: ExtractionConfig) -> Extraction:
    """The extraction a configuration declares."""
    match config:
        case AnswerTagExtraction():
            return AnswerTag()
        case BoxedExtraction():
            return Boxed()
        case LastLineExtraction():
            return LastLine(config.prefix)
        case FinalAnswerExtraction():
            return FinalAnswer()


def _inside(text: str, span: tuple[int, int] | None) -> str | None:
    return None if span is None else text[slice(*span)].strip() or None
