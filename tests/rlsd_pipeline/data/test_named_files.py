import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlsd_pipeline.data.named_files import named_files

COLUMNS = ("images",)


def test_json_lines(tmp_path: Path) -> None:
    rows = [
        {"image": "a.png", "question": "not/me.png"},
        {"images": ["in/b.png", "c.png"]},
        {"images": None},
    ]
    file = tmp_path / "x.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)) + "\nno json\n[[[\n")
    assert named_files(file, ("image", "images")) == {"a.png", "in/b.png", "c.png"}


def test_json_however_it_is_wrapped(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(json.dumps({"data": [{"images": [{"path": "a.png"}]}, {"images": "b.png"}]}))
    assert named_files(file, COLUMNS) == {"a.png", "b.png"}


def test_csv(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([["question", "images"], ["x", "a.png"], ["y", "b,c.png"]])
    assert named_files(file, COLUMNS) == {"a.png", "b,c.png"}


def test_parquet_reads_paths_and_no_encoded_images(tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    images = [[{"bytes": b"\xff\xfe", "path": "a.png"}], [{"bytes": None, "path": "b.png"}], []]
    pq.write_table(pa.table({"images": images, "question": ["x", "y", "z"]}), file)
    assert named_files(file, COLUMNS) == {"a.png", "b.png"}
    pq.write_table(pa.table({"images": [b"\xff"], "path": ["a.png"]}), file)
    assert named_files(file, COLUMNS) == set()


@pytest.mark.parametrize("name", ["x.json", "x.jsonl", "x.csv", "x.parquet"])
def test_what_cannot_be_read_names_nothing(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(b"\xff\xfe\x00[[")
    assert named_files(file, COLUMNS) == set()


def test_only_paths_below_the_folder_are_named(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    names = ["../a.png", "/b.png", "x/../c.png", "", ".", "data:" + "A" * 300, "\0", "ok.png"]
    file.write_text(json.dumps({"images": names}))
    assert named_files(file, COLUMNS) == {"ok.png"}


def test_a_csv_with_a_byte_order_mark_and_a_long_text(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    rows = f"images,question\na.png,{'x' * 200_000}\nb.png,q\n"
    file.write_text(rows, encoding="utf-8-sig")
    assert named_files(file, COLUMNS) == {"a.png", "b.png"}


def test_json_lines_whatever_the_file_is_called(tmp_path: Path) -> None:
    rows = [{"images": "a.png"}, {"images": "b.png"}]
    lines, whole = tmp_path / "lines.json", tmp_path / "whole.jsonl"
    lines.write_text("\n".join(map(json.dumps, rows)))
    whole.write_text(json.dumps(rows, indent=1))
    assert named_files(lines, COLUMNS) == named_files(whole, COLUMNS) == {"a.png", "b.png"}


def test_a_dot_in_the_name_of_a_column(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("my.image,question\na.png,q\n")
    assert named_files(file, ("my.image",)) == {"a.png"}
