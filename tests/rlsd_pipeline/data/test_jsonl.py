import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.data.jsonl import read_jsonl
from rlsd_pipeline.data.row import content_id
from rlsd_pipeline.errors import DataError
from schemas.problem import Problem
from tests.png import square

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(*lines: object) -> Path:
        path = tmp_path / "data.jsonl"
        encoded = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        path.write_bytes(b"\n".join(encoded))
        return path

    return write


def message(path: Path) -> str:
    with pytest.raises(DataError) as error:
        read_jsonl(path)
    return str(error.value)


def test_full_row(write: Write, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(square("red"))
    (tmp_path / "images" / "b.png").write_bytes(square("blue"))
    row = {
        "question": " What colour? ",
        "answer": "red",
        "images": ["images/a.png", "images/b.png"],
        "id": "q1",
        "solution": "Look.",
        "choices": ["red", "blue"],
        "split": "test",
        "attributes": {"kind": "colour"},
    }
    assert list(read_jsonl(write(row))) == [
        Problem(
            problem_id="q1",
            split="test",
            question="What colour?",
            images=[square("red"), square("blue")],
            answer="red",
            solution="Look.",
            choices=["red", "blue"],
            attributes={"kind": "colour"},
        )
    ]


def test_least_row_and_stable_id(write: Write) -> None:
    row = {"question": "2+2?", "answer": "4"}
    (problem,) = read_jsonl(write(b"\xef\xbb\xbf" + json.dumps(row).encode(), b"", b"  "))
    assert problem.problem_id == "ba7fc69b5b8123dd"
    assert (problem.split, problem.images, problem.choices) == ("train", [], [])
    assert (problem.solution, problem.attributes) == (None, {})


def test_content_id_depends_on_each_part() -> None:
    ids = {
        content_id("ab", "c", []),
        content_id("a", "bc", []),
        content_id("ab", "c", [b"x"]),
        content_id("ab", "c", [b"x", b"y"]),
        content_id("ab", "c", [b"xy"]),
    }
    assert len(ids) == 5


def test_numbers_stay_as_written_and_null_is_absent(write: Write) -> None:
    line = b'{"question": "q", "answer": 0.10, "id": 7, "choices": [1, 2.50], "solution": null}'
    (problem,) = read_jsonl(write(line))
    assert (problem.answer, problem.problem_id) == ("0.10", "7")
    assert (problem.choices, problem.solution) == (["1", "2.50"], None)


def test_one_image_and_limit(write: Write, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(square("red"))
    row = {"question": "q", "answer": "a", "image": "a.png"}
    path = write(row, {"question": "broken"})
    (problem,) = read_jsonl(path, limit=1)
    assert problem.images == [square("red")]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "data.jsonl line 2: not JSON (Expecting property name enclosed in double quotes"),
        (b'{"question": "\xff"}', "data.jsonl line 2: not UTF-8 (byte 15)"),
        (b"[" * 100_000, "data.jsonl line 2: not JSON that can be read (nested too deeply)"),
        (b"[]", "data.jsonl line 2: the document: input should be a valid dictionary"),
        ({"question": "q"}, "data.jsonl line 2: answer: required, but missing"),
        ({"question": "q", "answer": None}, "data.jsonl line 2: answer: required, but missing"),
        (b'{"question": "q", "answer": NaN}', "data.jsonl line 2: answer: required, but missing"),
        (
            {"question": "q", "answer": " "},
            "data.jsonl line 2: answer: string should have at least 1 character (found ' ')",
        ),
        (
            {"question": "q", "answer": "a", "anwser": "b"},
            "data.jsonl line 2: anwser: unknown key (found 'b'); did you mean 'answer'?",
        ),
        (
            {"question": "q", "answer": "a", "image": "a.png", "images": ["b.png"]},
            "data.jsonl line 2: the document: give `image` or `images`, not both",
        ),
        (
            {"question": "q", "answer": "a", "images": ["../a.png"]},
            "data.jsonl line 2, images[0] '../a.png': '../a.png' must be a path relative to",
        ),
        (
            {"question": "q", "answer": "a", "image": "a.png"},
            "data.jsonl line 2, images[0] 'a.png': there is no such file",
        ),
        (b'{"question": "\\ud800", "answer": "a"}', "data.jsonl line 2: question: '\\ud800' holds"),
        ({"question": "q", "answer": True}, "data.jsonl line 2: answer: input should be a valid"),
    ],
)
def test_bad_line(write: Write, line: object, problem: str) -> None:
    assert message(write({"question": "q", "answer": "a", "id": "1"}, line)).startswith(problem)


def test_duplicates_with_and_without_an_id(write: Write) -> None:
    row = {"question": "q", "answer": "a"}
    assert message(write({**row, "id": "x"}, {**row, "answer": "b", "id": "x"})) == (
        "data.jsonl line 2: id 'x' is already taken by data.jsonl line 1"
    )
    name = content_id("q", "a", [])
    assert message(write(row, row)) == (
        f"data.jsonl line 2: id {name!r} is already taken by data.jsonl line 1"
    )


def test_ten_problems_are_shown_and_the_others_counted(write: Write) -> None:
    lines = message(write(*[{"question": "q"}] * 13)).splitlines()
    assert len(lines) == 11
    assert lines[9:] == ["data.jsonl line 10: answer: required, but missing", "and 3 more"]


def test_nothing_is_returned_before_the_last_row_is_checked(write: Write) -> None:
    good = [{"question": f"{number}", "answer": "a"} for number in range(5)]
    with pytest.raises(DataError, match=r"^data\.jsonl line 6: answer: required, but missing$"):
        read_jsonl(write(*good, {"question": "q"}))


def test_empty_and_missing_file(write: Write, tmp_path: Path) -> None:
    assert message(write(b"\n\n")).endswith("data.jsonl holds no rows")
    assert message(tmp_path / "none.jsonl").endswith("cannot be read: No such file or directory")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{"question": "a", "question": "b", "answer": "c"}', "'question' is given twice"),
        ('{"question": "a", "answer": "c", "image": "\\ud83d.png"}', "half of a pair"),
        ('{"question": "a", "answer": "c", "attributes": {"\\ud83d": "x"}}', "half of a pair"),
        ('["a", "b"]', "valid dictionary"),
    ],
)
def test_row_that_is_json_and_no_row_is_refused_by_its_line(
    tmp_path: Path, row: str, said: str
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"question": "q", "answer": "1"}\n' + row)
    with pytest.raises(DataError, match=said) as error:
        list(read_jsonl(file))
    assert "line 2" in str(error.value)
