"""The reward part `language`: the share of a response in one script, against mixed languages."""

import unicodedata
from typing import Literal

from pydantic import Field

from rlsd_pipeline.rewards.reward_function import Response, RewardFunction

Script = Literal[
    "arabic", "bengali", "cjk", "cyrillic", "devanagari", "greek", "hangul", "hebrew", "hiragana",
    "katakana", "latin", "tamil", "thai",
]  # fmt: skip
"""The first word of the Unicode names of a script's letters."""


class Language(RewardFunction):
    """The share of a response's letters that belong to the wanted scripts.

    Letters determine the script, not the language: English and French are both latin.
    """

    type: Literal["language"] = "language"

    scripts: list[Script] = Field(default=["latin"], min_length=1)
    """Wanted scripts; Chinese is `[cjk]`, Japanese `[cjk, hiragana, katakana]`. Variable names and
    LaTeX commands are latin: for mathematics in another script, add `latin`."""

    def score(self, response: Response) -> float | None:
        """A share from 0 to 1; None for a response without letters."""
        letters = [letter for letter in response.completion if letter.isalpha()]
        if not letters:
            return None
        return sum(_script(letter) in self.scripts for letter in letters) / len(letters)


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0].lower()
