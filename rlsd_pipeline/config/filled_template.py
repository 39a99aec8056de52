"""A filled prompt template that keeps the experimenter's text apart from the data's."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

IMAGE_TAG = "<image>"
"""Where an image goes, in a template or a question."""


class Piece(NamedTuple):
    """A part of a prompt.

    Attributes:
        text: As it was written.
        kind: `template` for the experimenter's words; `question` and `value` for what was put in.
            Only a question may say where its images go.
    """

    text: str
    kind: Literal["template", "question", "value"]


class FilledTemplate(str):
    """A template with values in the places of its fields; as a string it is the whole text.

    Args:
        pieces: In order; the prompt is what they are together.

    Attributes:
        pieces: The same. What is made of the string by its methods has none, and counts as a value.
    """

    pieces: tuple[Piece, ...]

    def __new__(cls, pieces: Iterable[Piece]) -> "FilledTemplate":
        """The text of the pieces, which are kept."""
        pieces = tuple(pieces)
        filled = super().__new__(cls, "".join(piece.text for piece in pieces))
        filled.pieces = pieces
        return filled

    def __getnewargs__(self) -> tuple[tuple[Piece, ...]]:  # type: ignore[override]
        """A copy in another process knows its pieces as well."""
        return (self.pieces,)

    @classmethod
    def fill(cls, template: str, fields: Mapping[str, str]) -> "FilledTemplate":
        """Put values into a template; text inside the values is never a template itself."""
        if not fields:
            return cls([Piece(template, "template")])
        pattern = re.compile("|".join(re.escape(f"{{{name}}}") for name in fields))
        pieces: list[Piece] = []
        place = 0
        for found in pattern.finditer(template):
            pieces.append(Piece(template[place : found.start()], "template"))
            name = found.group()[1:-1]
            pieces.append(Piece(fields[name], "question" if name == "question" else "value"))
            place = found.end()
        return cls([*pieces, Piece(template[place:], "template")])

    @classmethod
    def of_value(cls, text: str) -> "FilledTemplate":
        """A prompt that is data from end to end."""
        return cls([Piece(text, "value")])

    @property
    def image_tags(self) -> int:
        """How many places it names for images."""
        return sum(piece.text.count(IMAGE_TAG) for piece in self.pieces if piece.kind != "value")

    def value_spans(self) -> Iterator[tuple[int, int]]:
        """Start and end of each value, in characters of the whole."""
        place = 0
        for piece in self.pieces:
            if piece.kind != "template":
                yield place, place + len(piece.text)
            place += len(piece.text)

    def between_images(self) -> list["FilledTemplate"]:
        """The text before, between and after the places of images."""
        parts: list[list[Piece]] = [[]]
        for piece in self.pieces:
            first, *others = [piece.text] if piece.kind == "value" else piece.text.split(IMAGE_TAG)
            parts[-1].append(Piece(first, piece.kind))
            parts += [[Piece(text, piece.kind)] for text in others]
        return [FilledTemplate(part) for part in parts]
