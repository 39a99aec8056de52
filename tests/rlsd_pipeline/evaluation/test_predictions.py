import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation import prediction_files
from rlsd_pipeline.evaluation.predictions import read_predictions
from rlsd_pipeline.evaluation.scoring import LONGEST_RESPONSE, Prediction

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(*lines: object) -> Path:
        file = tmp_path / "said.jsonl"
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        file.write_text("\n".join(texts), "utf-8")
        return file

    return write


def test_every_form(write: Write) -> None:
    file = write(
        {"id": "a", "response": "It is 5.", "question": "unused"},
        "",
        '{"id": 7, "response": 3.10, "truncated": true}',
        {"id": "b", "extraction": "C", "sample_index": 1},
        {"id": "b", "response": "cut", "extraction": None, "finish_reason": "length"},
        {"id": "c", "response": None},
        {"id": "d", "response": "both", "extraction": "", "finish_reason": "stop"},
    )
    assert read_predictions(file, ["a", "7", "b", "c", "d"]) == [
        Prediction("a", "It is 5."),
        Prediction("7", "3.10", truncated=True),
        Prediction("b", None, "C", sample_index=1),
        Prediction("b", "cut", truncated=True),
        Prediction("c", ""),
        Prediction("d", "both", ""),
    ]


def test_monstrous_and_broken_text(write: Write) -> None:
    file = write(
        {"id": "a", "response": "9" * 10_000_000},
        '{"id": "b", "response": "\\ud800 \\u0000"}',
        f'{{"id": "c", "response": {"7" * 5000}}}',
    )
    first, second, third = read_predictions(file, ["a", "b", "c"])
    assert len(first.response or "") == LONGEST_RESPONSE + 1
    assert second.response == "? \0"
    assert third.response == "7" * 5000


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON (Expecting property name enclosed in double quotes, column 2)"),
        ("[" * 100_000, "not JSON that can be read (nested too deeply)"),
        ([1], "not a JSON object, but list"),
        ({"response": "x"}, "id: required, but missing"),
        ({"id": "a"}, "`response` or `extraction` is required, but missing"),
        ({"id": "b", "response": ["x"]}, "response: input should be a valid string (found ['x'])"),
        (
            {"id": "b", "response": "x", "sample_index": -1},
            "sample_index: input should be greater than or equal to 0",
        ),
        ({"id": "z", "response": "x"}, "no item has the id 'z'; they are like 'a'"),
        (
            {"id": "a", "response": "again"},
            "id 'a' with sample_index 0 is already in line 1; number several responses",
        ),
    ],
)
def test_bad_lines(write: Write, line: object, message: str) -> None:
    file = write({"id": "a", "response": "x"}, line)
    with pytest.raises(DataError) as error:
        read_predictions(file, ["a", "b"])
    assert str(error.value).startswith(f"said.jsonl line 2: {message}")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl"
    file.write_bytes(b'{"id": "a", "response": "\xff"}')
    with pytest.raises(DataError, match=r"said\.jsonl line 1: not UTF-8 \(byte 26\)"):
        read_predictions(file, ["a"])


def test_line_without_end(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_files, "_LONGEST_LINE", 2**20)
    file = write({"id": "a", "response": "x"}, {"id": "b", "response": "x" * 2**20})
    with pytest.raises(DataError, match=r"said\.jsonl line 2: longer than 1 MiB"):
        read_predictions(file, ["a", "b"])


def test_items_without_a_prediction(write: Write) -> None:
    file = write({"id": "b", "response": "x"})
    with pytest.raises(DataError) as error:
        read_predictions(file, ["a", "b", "c"])
    assert str(error.value) == (
        "said.jsonl has no prediction for 2 of 3 items, first 'a': a model that did not answer "
        'has the response ""'
    )


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_predictions(tmp_path / "none.jsonl", ["a"])


ROWS = [{"id": "a", "response": "B"}, {"id": "b", "extraction": "0.10"}]
READ = [Prediction("a", "B"), Prediction("b", None, "0.10")]


@pytest.mark.parametrize("indent", [None, 4])
def test_a_json_list(tmp_path: Path, indent: int | None) -> None:
    file = tmp_path / "said.json"
    file.write_text(json.dumps(ROWS, indent=indent))
    assert read_predictions(file, ["a", "b"]) == READ


def test_a_json_list_of_rows_on_lines(tmp_path: Path) -> None:
    file = tmp_path / "said.json"
    file.write_text("[" + ",\n".join(map(json.dumps, ROWS)) + "]")
    assert read_predictions(file, ["a", "b"]) == READ


@pytest.mark.parametrize("indent", [None, 4])
def test_mathvistas_object_by_id(tmp_path: Path, indent: int | None) -> None:
    said = {"1": {"pid": "1", "response": "It is 5."}, "2": {"response": "?", "extraction": "7"}}
    file = tmp_path / "output.json"
    file.write_text(json.dumps(said, indent=indent))
    assert read_predictions(file, ["1", "2"], "pid") == [
        Prediction("1", "It is 5."),
        Prediction("2", "?", "7"),
    ]


def test_mmmus_answers_by_id(tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    file.write_text('{"validation_Art_1": "B", "validation_Art_2": "a fox"}')
    assert read_predictions(file, ["validation_Art_1", "validation_Art_2"]) == [
        Prediction("validation_Art_1", None, "B"),
        Prediction("validation_Art_2", None, "a fox"),
    ]


def test_mmmus_folder(tmp_path: Path) -> None:
    for subject, row in zip(("Art", "Music"), ROWS, strict=True):
        (tmp_path / subject).mkdir()
        (tmp_path / subject / "output.json").write_text(json.dumps([row], indent=4))
    assert read_predictions(tmp_path, ["a", "b"]) == READ
    with pytest.raises(DataError, match=r"no \*/output.json: a folder of predictions must have"):
        read_predictions(tmp_path / "Art", ["a"])


def test_the_benchmarks_own_name_of_the_id(write: Write) -> None:
    file = write({"question number": 7, "response": "Answer: B"})
    assert read_predictions(file, ["7"], "question number") == [Prediction("7", "Answer: B")]
    with pytest.raises(DataError, match=r"said\.jsonl line 1: id: required, but missing"):
        read_predictions(file, ["7"], "pid")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": {"text": "B"}}', "said.json id 'a': `response` or `extraction` is required"),
        ('{"a": ["B"]}', "said.json id 'a': not a JSON object, but list"),
        ('[{"id": "a", "response": "B"}, 3]', "said.json item 2: not a JSON object, but str"),
        ('[\n{"id": "a",}\n]', "said.json: not JSON (Expecting property name enclosed"),
        (
            '[{"id": "a", "response": "B"}, {"id": "a", "response": "C"}]',
            "said.json item 2: id 'a' with sample_index 0 is already in item 1; number several",
        ),
    ],
)
def test_bad_documents(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "said.json"
    file.write_text(text)
    with pytest.raises(DataError) as error:
        read_predictions(file, ["a"])
    assert str(error.value).startswith(message)
