"""The answer between `<answer>` and `</answer>`."""

from typing import Literal

from rlsd_pipeline.verifiers.extractions.extraction import Extraction
from rlsd_pipeline.verifiers.spans import last_answer_tag

_TAGS = ("<think>", "</think>", "<answer>", "</answer>")


class AnswerTag(Extraction):
    """The answer stands between `<answer>` and `</answer>`, after one `<think>` block."""

    type: Literal["answer_tag"] = "answer_tag"

    @property
    def wanted(self) -> str:
        """The tag."""
        return "`<answer>`"

    def locate(self, text: str) -> tuple[int, int] | None:
        """The inside of the last complete pair; what an unclosed tag holds is no answer."""
        return last_answer_tag(text)

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
