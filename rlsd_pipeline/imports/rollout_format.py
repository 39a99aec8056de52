"""The base class of log formats: recognises a log, and reads its records."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ValidationError

from rlsd_pipeline.components.component import Component, built_in_name
from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.components.located import LocatedPath
from rlsd_pipeline.errors import RlsdError
from rlsd_pipeline.imports.records import records
from rlsd_pipeline.imports.row import SampledRow, Unusable, UnusableError

_NUMBER = re.compile(r"\d+")
_STEPS = range(2**63)
MISSHAPEN = (AttributeError, LookupError, TypeError, ValueError, OverflowError)
"""What reading a record ends in where a field is not what its name promises."""


class RolloutFormat(Component):
    """How a trainer writes its rollouts; `patterns`, `keys` and `read` have to be written.

    A file is read record by record, so that memory does not grow with it.
    """

    component_kind = "rollout format"

    patterns: ClassVar[tuple[str, ...]] = ("*.jsonl",)
    """Names of the log's files, at any depth of a folder."""

    keys: ClassVar[frozenset[str]] = frozenset()
    """Keys of every record; a record that lacks one is of another format."""

    described: ClassVar[str] = ""
    """The writer of such logs, in a few words."""

    step_in_path: ClassVar[str | None] = None
    """Pattern of the file's path, with slashes, whose group is the step."""

    path: LocatedPath
    """The log: a file, or a folder with its files."""

    @property
    def name(self) -> str:
        """Its name in the names of problems."""
        return built_in_name(type(self)) or type(self).__name__.lower()

    @abstractmethod
    def read(
        self, record: Mapping[str, Any], place: Place
    ) -> Iterable[dict[str, Any] | UnusableError]:
        """Read a record as fields of `SampledRow`; a record may hold several rows.

        Args:
            record: One line, or one row of a table.
            place: The file and the step that its path says.

        Returns:
            The rows; of several, one that cannot be used is its reason.

        Raises:
            UnusableError: The record cannot be used; its text is the reason.
        """

    def names_step(self, record: Mapping[str, Any]) -> bool:
        """Whether a record has a place for its step; empty, it is not known whose row it is."""
        return "step" in record

    def step_of(self, record: Mapping[str, Any], place: Place) -> int | None:
        """The step of a record that cannot be used; None if unknown."""
        step = record.get("step")
        return whole_number(place.step if step is None else step)

    @cached_property
    def files(self) -> list[Path]:
        """The files of the log, by the numbers in their names.

        Raises:
            DataError: There is no such file.
        """
        from rlsd_pipeline.imports.recognised import no_files

        found = self.found_files()
        if not found:
            raise no_files(self)
        return found

    def found_files(self) -> list[Path]:
        """The same, or none."""
        path = Path(self.path)
        if path.is_file():
            return [path]
        found = {file for pattern in self.patterns for file in path.rglob(pattern)}
        return sorted((file for file in found if not self.leaves_out(file)), key=_by_number)

    def leaves_out(self, file: Path) -> bool:
        """Whether a file of the folder is none of the training's; one that is named is read."""
        return False

    def rows(self) -> Iterator[SampledRow | Unusable]:
        """Every row of the log, or why it cannot be used.

        Raises:
            DataError: The log is of another format, or cannot be read.
            ComponentError: A format of a user's own failed.
        """
        for count, file in enumerate(self.files):
            place = Place(file, self.step_in_path)
            for number, record in enumerate(records(file)):
                if isinstance(record, dict) and count == number == 0:
                    self.require(record)
                yield from self._of_record(record, place, number)

    def _of_record(
        self, record: dict[str, Any] | UnusableError, place: Place, number: int
    ) -> Iterator[SampledRow | Unusable]:
        if isinstance(record, UnusableError):
            yield Unusable(place.file.name, number, str(record), place.step)
            return
        with guarded(self, f"{place.file.name}, row {number}"):
            step, read = self.step_of(record, place), self._fields(record, place)
        for fields in read:
            found = fields if isinstance(fields, UnusableError) else _row(fields, place, number)
            if isinstance(found, SampledRow) and found.step is None and self.names_step(record):
                found = UnusableError("no step")
            # An unusable row still belongs to its step and must be counted there.
            yield (
                Unusable(place.file.name, number, str(found), step)
                if isinstance(found, UnusableError)
                else found
            )

    def _fields(self, record: dict[str, Any], place: Place) -> list[dict[str, Any] | UnusableError]:
        """The rows of a record, or why it cannot be used."""
        if lacking := self.keys - record.keys():
            return [UnusableError(f"no {', '.join(sorted(lacking))} in the record")]
        try:
            return list(self.read(record, place))
        except RlsdError:
            raise
        except UnusableError as error:
            return [error]
        except MISSHAPEN:
            if self.origin is not None:
                # Of a user's own format it may be the format's mistake.
                raise
            return [UnusableError(misshapen(self))]

    def require(self, record: Mapping[str, Any]) -> None:
        """Refuse a log by its first record.

        Raises:
            DataError: The record is of another format, or lacks a declared key.
        """
        from rlsd_pipeline.imports.recognised import another_format

        if not self.keys <= record.keys():
            raise another_format(self, record)


class Place:
    """The file of a record.

    Attributes:
        file: The file.
        step: What the format's `step_in_path` finds in its path; else None.
    """

    def __init__(self, file: Path, step_in_path: str | None = None) -> None:
        self.file, self.step = file, None
        if step_in_path is not None:
            # Either the link or its target may name the step.
            paths = (file.absolute().as_posix(), file.resolve().as_posix())
            found = next(filter(None, (re.search(step_in_path, each) for each in paths)), None)
            self.step = None if found is None else int(found[1])


def misshapen(source: RolloutFormat) -> str:
    """Why a row cannot be used whose field is not what its name promises."""
    return f"a field of another kind than {source.name} writes"


def whole_number(value: Any) -> int | None:
    """A step as an integer, as text and as a float too; None for what is none."""
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        # A table with a null in it has a column of floats.
        value = int(value)
    return value if type(value) is int and value in _STEPS else None


def _row(fields: dict[str, Any], place: Place, number: int) -> SampledRow | UnusableError:
    try:
        step = place.step if fields.get("step") is None else fields["step"]
        return SampledRow(file=place.file.name, number=number, **{**fields, "step": step})
    except ValidationError as error:
        first = error.errors()[0]
        what = ".".join(str(part) for part in first["loc"][:1])
        return UnusableError(f"{what}: {first['msg'].lower()}")


def _by_number(file: Path) -> tuple[Any, ...]:
    return ([int(found) for found in _NUMBER.findall(str(file))], str(file))


def same_everywhere(values: Iterable[float]) -> float | None:
    """The one value of a response whose tokens all carry it; None where they differ."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def text_of(content: Any) -> str | None:
    """The text of a message's content: text, or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(
            part["text"] for part in content if isinstance(part, Mapping) and part.get("text")
        )
    return None


def asked(prompt: Any) -> dict[str, Any]:
    """`prompt`, `question` and `system` of a prompt that is text or a list of messages.

    Raises:
        UnusableError: The conversation has several turns, or none of a user.
    """
    if isinstance(prompt, str):
        return {"prompt": prompt}
    if not isinstance(prompt, list) or not all(isinstance(each, Mapping) for each in prompt):
        raise UnusableError("a prompt that is neither text nor messages")
    roles = [each.get("role") for each in prompt]
    users = [text_of(each.get("content")) for each in prompt if each.get("role") == "user"]
    if not users:
        raise UnusableError("a prompt without a message of a user")
    if set(roles) - {"system", "developer", "user"} or len(users) > 1:
        raise UnusableError("a conversation of several turns")
    systems = [text_of(each.get("content")) for each in prompt if each.get("role") != "user"]
    system = "\n\n".join(text for text in systems if text) or None
    return {"prompt": users[0], "question": users[0], "system": system}


def said(completion: Any) -> str:
    """The text of a completion that is text or one message of the assistant.

    Raises:
        UnusableError: The completion has several turns, or no text.
    """
    if isinstance(completion, list):
        if len(completion) != 1 or completion[0].get("role") != "assistant":
            raise UnusableError("a conversation of several turns")
        completion = text_of(completion[0].get("content"))
    if not isinstance(completion, str) or not completion:
        raise UnusableError("no response")
    return completion


def answer_of(gold: Any) -> str | None:
    """A gold answer as text; None if it is missing or not a single text."""
    if isinstance(gold, list) and len(gold) == 1:
        gold = gold[0]
    if isinstance(gold, bool) or not isinstance(gold, str | int | float):
        return None
    return str(gold) or None
