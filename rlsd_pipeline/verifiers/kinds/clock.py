"""Times of day and durations written with colons."""

import re
from dataclasses import dataclass
from typing import ClassVar

from rlsd_pipeline.verifiers.kinds.answer import (
    Algebra,
    Answer,
    Context,
    Judgement,
    Kind,
    judged,
)

_CLOCK = re.compile(
    r"(\d{1,3}) ?: ?([0-5]\d)(?: ?: ?([0-5]\d(?:\.\d+)?))?(?: ?([ap])\.? ?m\.?)?", re.IGNORECASE
)
_HOUR = re.compile(r"(\d{1,2}) ?(?:o'clock ?)?([ap])\.? ?m\.?|(\d{1,2}) ?o'clock", re.IGNORECASE)
_NAMED = {"noon": (12, "p"), "midday": (12, "p"), "midnight": (12, "a")}
_LAST_HOUR_OF_TWELVE = 12


@dataclass(frozen=True)
class Time(Answer):
    """Hours, minutes and seconds; or minutes and seconds, which look the same."""

    kind: ClassVar[Kind] = Kind.TIME

    first: int
    second: int
    third: str | None
    half: str | None
    """`a` or `p` of a time of day; None without one."""

    @property
    def hour(self) -> int:
        """The first part on the clock of 24 hours, where the half of the day is said."""
        if self.half is None:
            return self.first
        return self.first % _LAST_HOUR_OF_TWELVE + (_LAST_HOUR_OF_TWELVE if self.half == "p" else 0)

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """The same parts; where one does not say the half of the day, that of the other."""
        if not isinstance(answer, Time):
            return judged(False)
        rest = (self.second, self.third or "00") == (answer.second, answer.third or "00")
        return judged(rest and (self.hour == answer.hour or self._same_of_twelve(answer)))

    def _same_of_twelve(self, answer: "Time") -> bool:
        return (self.half is None) != (answer.half is None) and self.first == answer.first

    def another_form(self) -> str | None:
        """The time with blanks around the colon, or with a colon if it had none."""
        if ":" in self.text:
            return self.text.replace(":", " : ")
        half = {"a": " AM", "p": " PM", None: ""}[self.half]
        return f"{self.first}:00{half}"


def read_time(text: str, context: Context) -> Time | None:
    """`2:30`, `14:05:09`, `1:30 p.m.`, `3 o'clock`, `noon`; not if a ratio is expected."""
    if (named := _NAMED.get(text.casefold())) is not None:
        return Time(named[0], 0, None, named[1], text=text)
    if match := _HOUR.fullmatch(text):
        half = match[2].casefold() if match[2] else None
        return Time(int(match[1] or match[3]), 0, None, half, text=text)
    match = _CLOCK.fullmatch(text)
    if match is None or (match[4] is None and context.asks_for("ratio", "proportion", "scale")):
        return None
    half = match[4].casefold() if match[4] else None
    if half and not 1 <= int(match[1]) <= _LAST_HOUR_OF_TWELVE:
        return None
    return Time(int(match[1]), int(match[2]), match[3], half, text=text)
