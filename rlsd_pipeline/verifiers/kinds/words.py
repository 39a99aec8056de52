"""Text without mathematics, compared word for word."""

import re
from dataclasses import dataclass
from typing import ClassVar

from rlsd_pipeline.verifiers.kinds.answer import Algebra, Answer, Judgement, Kind, judged
from schemas.reward import Verdict

_ARTICLE = re.compile(r"(?:a|an|the) (?=\w)")
_PARENTHESES = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_MATHEMATICAL = re.compile(r"[\\^_{}=<>]")


@dataclass(frozen=True)
class Text(Answer):
    """Words, or what could not be read as anything else."""

    kind: ClassVar[Kind] = Kind.TEXT

    @property
    def understood(self) -> bool:
        """Text has no meaning that another kind could compare."""
        return False

    @property
    def is_words(self) -> bool:
        """Whether it is language, and not mathematics that could not be read."""
        return not _MATHEMATICAL.search(self.text)

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """The same words; nothing is known of other answers where the gold one is unreadable."""
        if key(self.text) == key(answer.text):
            return judged(True)
        if self.is_words:
            return judged(False)
        return Judgement(Verdict.VERIFIER_ERROR, "the gold answer cannot be parsed")

    def judge(self, answer: Answer, algebra: Algebra) -> Judgement:
        """Text compares with whatever was read."""
        return self.compare(answer, algebra)


def key(text: str) -> str:
    """A key that equal texts share: case, articles and blanks do not count."""
    text = " ".join(text.casefold().replace("–", "-").split()).strip(" .,;:!\"'`")
    if match := _PARENTHESES.fullmatch(text):
        text = next(group for group in match.groups() if group is not None)
    return _ARTICLE.sub("", text, count=1) if _ARTICLE.match(text) else text
