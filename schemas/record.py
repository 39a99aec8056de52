"""The base of every record, and the markers and rules its fields may carry.

A marker sits in a field's `Annotated` metadata; a rule spans several fields of one row. Both
are plain data: a record enforces them on a row, the artifact store on whole columns. Bounds
and minimal lengths are Pydantic's own `Field(ge=…, le=…, min_length=…)`, finiteness its
`FiniteFloat`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field, FiniteFloat, model_validator

from schemas.documented import Documented


@dataclass(frozen=True)
class Column:
    """The physical type of a value on disk, where Python's own is wider."""

    type: str


@dataclass(frozen=True)
class AlignedWith:
    """This list has one entry for each entry of the sibling list `field`.

    With `times`, it has as many entries for each as that field of the row says.
    """

    field: str
    times: str | None = None


@dataclass(frozen=True)
class NullExactlyWhen:
    """`field` is null where `other` is one of `values`, and nowhere else."""

    field: str
    other: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        named = " or ".join(repr(str(value)) for value in self.values)
        return f"{self.field} must be null exactly when {self.other} is {named}"

    def holds(self, row: "Record") -> bool:
        """Whether one row keeps the rule."""
        return (getattr(row, self.field) is None) == (getattr(row, self.other) in self.values)


@dataclass(frozen=True)
class AnyPresent:
    """At least one of `fields` is not null."""

    fields: tuple[str, ...]

    def __str__(self) -> str:
        return f"at least one of {', '.join(self.fields)} must not be null"

    def holds(self, row: "Record") -> bool:
        """Whether one row keeps the rule."""
        return any(getattr(row, field) is not None for field in self.fields)


@dataclass(frozen=True)
class MoreFields:
    """Fields that a row may have beside the declared ones: finite numbers, or null."""

    prefix: str
    """The common beginning of their names."""

    description: str
    """What they hold."""


@dataclass(frozen=True)
class PresentByDefault:
    """A file in which no value of this field is null declares the column as one without nulls.

    So making a field nullable does not change the bytes of such files.
    """


Rule = NullExactlyWhen | AnyPresent

NonEmpty = Annotated[str, Field(min_length=1)]
TokenId = Annotated[int, Column("int32"), Field(ge=0, le=2**31 - 1)]
TextPosition = Annotated[int, Column("int32"), Field(ge=0)]
Logprob = Annotated[FiniteFloat, Column("float32"), Field(le=0)]
NotNegative = Annotated[FiniteFloat, Column("float32"), Field(ge=0)]
TokenWeight = Annotated[FiniteFloat, Column("float32")]


def _show_example(schema: dict[str, Any], contract: type["Contract"]) -> None:
    if contract.example:
        example = contract.model_validate(contract.example)
        schema["examples"] = [example.model_dump(mode="json")]


class Contract(Documented):
    """A frozen, documented model that refuses unknown fields."""

    model_config = ConfigDict(
        ser_json_bytes="base64",
        val_json_bytes="base64",
        json_schema_extra=_show_example,
    )

    example: ClassVar[Mapping[str, Any]] = {}
    """Arguments of one worked instance, shown in the JSON Schema."""


class Record(Contract):
    """One row of a table, or one JSON document, that a stage hands to the next."""

    schema_version: ClassVar[int] = 1
    """Rises when a field is added, or changes its name, its type or its meaning.

    An added field has a default, which is its value in records of earlier versions.
    """

    oldest_readable: ClassVar[int | None] = None
    """Oldest version that is readable by giving missing fields their defaults; null if no older
    version is. Newer versions are never read."""

    key: ClassVar[tuple[str, ...]] = ()
    """Fields that together name a row; unique within a table."""

    rules: ClassVar[tuple[Rule, ...]] = ()
    """The rules between the fields of a row."""

    more: ClassVar[MoreFields | None] = None
    """Fields beside the declared ones. A record that has some allows them (`extra="allow"`)."""

    @model_validator(mode="after")
    def _check_fields_beside_the_declared(self) -> Self:
        for name in self.model_extra or {}:
            if self.more is None or not name.startswith(self.more.prefix):
                raise ValueError(f"{name} is no field, and none of the fields that may be added")
        return self

    @model_validator(mode="after")
    def _check_fields_against_each_other(self) -> Self:
        for name, info in type(self).model_fields.items():
            for marker in info.metadata:
                if isinstance(marker, AlignedWith):
                    self._check_aligned(name, marker)
        for rule in self.rules:
            if not rule.holds(self):
                raise ValueError(str(rule))
        return self

    def _check_aligned(self, name: str, marker: AlignedWith) -> None:
        values, reference = getattr(self, name), getattr(self, marker.field)
        times = 1 if marker.times is None else getattr(self, marker.times)
        if values is not None and len(values) != times * len(reference):
            beside = f"{len(reference)} {marker.field}"
            if marker.times is not None:
                beside = f"{times} for each of {beside}"
            raise ValueError(f"{name} has {len(values)} entries beside {beside}")
