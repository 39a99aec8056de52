from pathlib import Path

import pytest

from rlsd_pipeline.config.document import Document, read_document
from rlsd_pipeline.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "x.yaml"


def read(file: Path, text: str) -> Document:
    file.write_text(text, encoding="utf-8")
    return read_document(file)


def refused(file: Path, text: str) -> str:
    with pytest.raises(ConfigError) as error:
        read(file, text)
    return str(error.value)


def test_every_place_has_a_line(file: Path) -> None:
    text = "a: 1\nb:\n  - {c: 2}\n  - d:\n      e: [3,\n          4]\n"
    document = read(file, text)
    assert document.value == {"a": 1, "b": [{"c": 2}, {"d": {"e": [3, 4]}}]}
    places = [(), ("a",), ("b",), ("b", 0, "c"), ("b", 1, "d", "e"), ("b", 1, "d", "e", 1)]
    assert [document.line(place) for place in places] == [1, 1, 2, 3, 5, 6]
    # What is not there is looked for around its place.
    assert document.line(("b", 1, "d", "missing", 7)) == 4
    assert document.line(("b", 9)) == 2


def test_a_merged_key_has_the_line_of_what_counts(file: Path) -> None:
    text = "base: &base\n  a: 1\n  b: 2\nmine:\n  <<: *base\n  b: 3\n"
    document = read(file, text)
    assert document.value["mine"] == {"a": 1, "b": 3}
    assert document.line(("mine", "a")) == 2
    assert document.line(("mine", "b")) == 6


@pytest.mark.parametrize(
    ("text", "place", "lines"),
    [
        ("a: 1\nb: 2\na: 3\n", "a", "1 and 3"),
        ("b:\n  c: {d: 1, d: 1}\n", "b.c.d", "2 and 2"),
        ("b:\n  - a: 1\n  - c: 1\n    c: 2\n", "b[1].c", "3 and 4"),
        ('a: 1\n"a": 2\n', "a", "1 and 2"),
        ("b: &x {c: 1,\n  c: 2}\nd: *x\n", "b.c", "1 and 2"),
    ],
)
def test_a_key_given_twice(file: Path, text: str, place: str, lines: str) -> None:
    assert refused(file, text) == (
        f"{file}: {place}: given twice, in lines {lines}, and only the last would count: keep one"
    )


def test_all_keys_given_twice_are_named(file: Path) -> None:
    said = refused(file, "a: 1\na: 2\nb: 1\nb: 2\nb: 3\n")
    assert said.splitlines()[0] == f"{file}: 3 problems"
    assert [line.split(",")[1] for line in said.splitlines()[1:]] == [
        " in lines 1 and 2",
        " in lines 3 and 4",
        " in lines 4 and 5",
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-6", 1e-6),
        ("1E6", 1e6),
        ("-2.5e3", -2500.0),
        (".5e1", 5.0),
        ("1.0e-6", 1e-6),
        ("1_000", 1000),
        ("0x10", 16),
        ("0", 0),
        ("0.10", 0.1),
        ("'1e-6'", "1e-6"),
        ("e5", "e5"),
        # No date is declared anywhere: it is text, as it is to Dagster.
        ("2026-01-31", "2026-01-31"),
    ],
)
def test_scalars(file: Path, text: str, value: object) -> None:
    found = read(file, f"a: {text}\n").value["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "said"),
    [("010", "YAML reads 010 as 8"), ("1:30", "YAML reads 1:30 as 90"), ("-012", "as -10")],
)
def test_a_number_that_yaml_misreads(file: Path, text: str, said: str) -> None:
    message = refused(file, f"b: 1\na: {text}\n")
    assert message.startswith(f"{file}: cannot be read as YAML: ")
    assert said in message
    assert "line 2" in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1", "line 1"),
        ("a: 1\n---\nb: 2\n", "line 2"),
        ("a: !!python/object/apply:os.system [ls]\n", "line 1"),
        ("a: *b\n", "line 1"),
        ("b: 1\n? [1]\n: 2\n", "line 2"),
        ("[" * 5000, "nested too deeply"),
        ("a: " + "9" * 5000, "4300 digits"),
    ],
)
def test_what_is_no_plain_document(file: Path, text: str, said: str) -> None:
    message = refused(file, text)
    assert message.startswith(f"{file}: cannot be read as YAML: ")
    assert said in message


def test_an_empty_file_holds_nothing(file: Path) -> None:
    assert read(file, "# nothing\n").value is None


@pytest.mark.parametrize(
    "value",
    [
        *("!!bool abc", "!!timestamp abc", "!!timestamp 2024-13-45", "!!int abc", '!!float ""'),
        *("0x_", "9" * 5000, '"\\ud800"', '"\\0"'),
    ],
)
def test_a_value_that_its_tag_or_escape_does_not_fit_is_refused_by_its_line(
    file: Path, value: str
) -> None:
    assert "line 2, column" in refused(file, f"a: 1\nb: {value}\n")


def test_an_escape_of_no_character(file: Path) -> None:
    assert "cannot be read as YAML" in refused(file, 'a: "\\UFFFFFFFF"\n')
