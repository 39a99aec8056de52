"""Dates, with the month in words or in numbers."""

import calendar
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
    unparsed,
)
from rlsd_pipeline.verifiers.kinds.vocabulary import words

_MONTHS = words(
    "january february march april may june july august september october november december"
)
_NAMES = {
    month[:length]: number
    for number, month in enumerate(_MONTHS, 1)
    for length in (3, 4, len(month))
}
_MONTH = rf"({'|'.join(sorted(_NAMES, key=len, reverse=True))})\.?"
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_MONTH_FIRST = re.compile(rf"{_WEEKDAY}{_MONTH} {_DAY}(?:,? (\d{{4}}))?", re.IGNORECASE)
_DAY_FIRST = re.compile(rf"{_WEEKDAY}{_DAY} (?:of )?{_MONTH}(?:,? (\d{{4}}))?", re.IGNORECASE)
_MONTH_AND_YEAR = re.compile(rf"{_MONTH},? (\d{{4}})", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.年] ?(\d{1,2})[-/.月] ?(\d{1,2})日?")
_NUMBERS = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")

Day = tuple[int | None, int, int | None]
"""Year, month and day, as far as given."""


@dataclass(frozen=True)
class Date(Answer):
    """A day of a year, or of any year, or a month of a year."""

    kind: ClassVar[Kind] = Kind.DATE

    readings: tuple[Day, ...]
    """Two where day and month may be exchanged, as in 03/05/2024."""

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """The same day; a year may be missing, and an order of numbers must not be guessed."""
        if not isinstance(answer, Date):
            return judged(False)
        if len(answer.readings) > 1 and answer.readings != self.readings:
            return unparsed("day and month could be exchanged")
        return judged(any(_alike(each, answer.readings[0]) for each in self.readings))

    def another_form(self) -> str | None:
        """Day, month, year."""
        year, month, day = self.readings[0]
        if len(self.readings) > 1:
            return None
        if day is None:
            return f"{_MONTHS[month - 1].capitalize()}, {year}"
        return f"{day} {_MONTHS[month - 1].capitalize()}" + (f" {year}" if year else "")


def read_date(text: str, context: Context) -> Date | None:
    """July 4, 1776; 4 July 1776; 1776-07-04; 7/4/1776; July 1776."""
    if match := _MONTH_FIRST.fullmatch(text):
        return _date(text, match[3], _NAMES[match[1].casefold()], match[2])
    if match := _DAY_FIRST.fullmatch(text):
        return _date(text, match[3], _NAMES[match[2].casefold()], match[1])
    if match := _MONTH_AND_YEAR.fullmatch(text):
        return Date(((int(match[2]), _NAMES[match[1].casefold()], None),), text=text)
    if match := _YEAR_FIRST.fullmatch(text):
        return _date(text, match[1], int(match[2]), match[3])
    if match := _NUMBERS.fullmatch(text):
        first, second, year = (int(each) for each in match.groups())
        both = {_valid(year, first, second), _valid(year, second, first)} - {None}
        return Date(tuple(sorted(each for each in both if each)), text=text) if both else None
    return None


def _date(text: str, year: str | None, month: int, day: str) -> Date | None:
    found = _valid(None if year is None else int(year), month, int(day))
    return None if found is None else Date((found,), text=text)


def _valid(year: int | None, month: int, day: int) -> Day | None:
    if not 1 <= month <= len(_MONTHS):
        return None
    days = calendar.monthrange(year or 2000, month)[1]
    return (year, month, day) if 1 <= day <= days else None


def _alike(gold: Day, answer: Day) -> bool:
    same_year = gold[0] is None or answer[0] is None or gold[0] == answer[0]
    return same_year and gold[1:] == answer[1:]
