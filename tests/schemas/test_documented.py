import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from pydantic import Field

from schemas.documented import Documented, field_descriptions


class Above(Documented):
    first: int
    """The first
    of them."""

    second: int = 2
    """The second."""

    bare: int = 0


class Below(Above):
    second: int = 3
    third: int = Field(default=3, description="Given, and so")
    """not this."""

    other: "Above | None" = None
    """Another one."""

    class Within(Documented):
        inner: int = 0
        """Inside."""


def test_a_field_has_the_docstring_below_it() -> None:
    assert field_descriptions(Above) == {"first": "The first\nof them.", "second": "The second."}


def test_inherited_given_and_nested_descriptions() -> None:
    assert field_descriptions(Below) == {
        "first": "The first\nof them.",
        "second": "The second.",
        "third": "Given, and so",
        "other": "Another one.",
    }
    assert field_descriptions(Below.Within) == {"inner": "Inside."}


def test_a_class_of_a_function() -> None:
    class Local(Documented):
        here: int
        """In here."""

    assert field_descriptions(Local) == {"here": "In here."}


def test_the_json_schema_holds_them() -> None:
    schema = Below.model_json_schema()
    descriptions = {n: p.get("description") for n, p in schema["properties"].items()}
    assert descriptions == {"bare": None, **field_descriptions(Below)}
    inner = schema["$defs"]["Above"]["properties"]
    assert inner["second"]["description"] == "The second."


def test_a_class_without_a_file_has_none() -> None:
    code = """
        from schemas.documented import Documented, field_descriptions
        class Typed(Documented):
            field: int = 0
            \"\"\"In no file.\"\"\"
        print(dict(field_descriptions(Typed)), Typed.model_json_schema()["properties"])
    """
    run = [sys.executable, "-c", textwrap.dedent(code)]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert said.startswith("{} {'field': {")


def test_making_a_class_reads_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *args: object, **options: object) -> None:
        raise AssertionError(f"{path} is read")

    monkeypatch.setattr("linecache.getlines", refuse)

    class Late(Documented):
        here: int
        """In here."""

    assert Late(here=1).here == 1
