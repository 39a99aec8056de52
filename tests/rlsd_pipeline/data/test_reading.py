import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.data.reading import read_problems
from rlsd_pipeline.data.sources.easy_vqa import EasyVQADataset
from rlsd_pipeline.data.sources.hub import HubDataset
from rlsd_pipeline.data.sources.jsonl import JSONLDataset
from rlsd_pipeline.errors import DataError

Png = Callable[..., bytes]


@pytest.fixture
def folder(tmp_path: Path, png: Png) -> Path:
    """Twenty questions with an image each."""
    (tmp_path / "images").mkdir()
    lines = []
    for index in range(20):
        (tmp_path / "images" / f"{index}.png").write_bytes(png(8, 8, seed=index))
        row = {"id": f"q{index}", "question": f"what is {index}?", "answer": str(index)}
        lines.append(json.dumps(row | {"image": f"images/{index}.png"}))
    (tmp_path / "data.jsonl").write_text("\n".join(lines))
    return tmp_path


def config(folder: Path, **changes: object) -> JSONLDataset:
    return JSONLDataset(path=str(folder / "data.jsonl"), **changes)


def held_out(folder: Path, **changes: object) -> set[str]:
    return {p.problem_id for p in read_problems(config(folder, **changes)) if p.split == "test"}


def test_rows_become_problems_in_their_order(folder: Path, png: Png) -> None:
    problems = read_problems(config(folder))
    assert [p.problem_id for p in problems] == [f"q{index}" for index in range(20)]
    assert problems[3].question == "what is 3?"
    assert problems[3].images == [png(8, 8, seed=3)]


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.01, 1), (0.1, 2), (0.25, 5), (0.9, 18)])
def test_a_share_is_held_out(folder: Path, share: float, count: int) -> None:
    splits = Counter(p.split for p in read_problems(config(folder, test_share=share)))
    assert splits == Counter(train=20 - count, test=count)


def test_what_is_held_out_does_not_depend_on_the_order(folder: Path) -> None:
    before = held_out(folder, test_share=0.25)
    lines = (folder / "data.jsonl").read_text().splitlines()
    (folder / "data.jsonl").write_text("\n".join(reversed(lines)))
    assert held_out(folder, test_share=0.25) == before
    # A larger share holds out the same ones and some more.
    assert before < held_out(folder, test_share=0.5)


def test_a_split_that_rows_name_is_kept(folder: Path) -> None:
    with (folder / "data.jsonl").open("a") as file:
        file.write('\n{"id": "mine", "question": "q?", "answer": "a", "split": "test"}')
    assert held_out(folder, test_share=0.5) == {"mine"}


def test_rows_beyond_the_limit_are_not_looked_at(folder: Path) -> None:
    with (folder / "data.jsonl").open("a") as file:
        file.write("\nnot JSON")
    assert len(read_problems(config(folder, limit=20))) == 20
    with pytest.raises(DataError, match="line 21"):
        read_problems(config(folder))


def test_digest_is_that_of_the_content(folder: Path, png: Png) -> None:
    first = config(folder).content_version()
    assert config(folder, limit=3, test_share=0.5).content_version() == first
    image = folder / "images" / "3.png"
    image.write_bytes(png(8, 8, seed=99))
    changed = config(folder).content_version()
    assert changed != first
    image.write_bytes(png(8, 8, seed=3))
    assert config(folder).content_version() == first
    # Two images that change places are another data set.
    other = folder / "images" / "4.png"
    image.write_bytes(png(8, 8, seed=4))
    other.write_bytes(png(8, 8, seed=3))
    assert config(folder).content_version() not in (first, changed)


def test_digest_of_easy_vqa_and_of_the_hub() -> None:
    assert EasyVQADataset().content_version() == "easy-vqa 1.0"
    assert HubDataset(name="owner/name", revision="abc").content_version() == "owner/name@abc"
    other = HubDataset(name="owner/name", revision="abd").content_version()
    assert other == "owner/name@abd"


def test_easy_vqa_has_both_splits() -> None:
    problems = read_problems(EasyVQADataset(train_questions=20, test_questions=10))
    assert Counter(p.split for p in problems) == Counter(train=20, test=10)


def test_a_table_of_text_alone_has_a_digest(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("question,answer\na,b\nc,d\n")
    columns = {"question": "question", "answer": "answer"}
    config = HubDataset(name=str(file), columns=columns)
    before = config.content_version()
    file.write_text("question,answer\na,b\nc,e\n")
    assert config.content_version() != before


def test_images_named_in_braces_count(tmp_path: Path) -> None:
    file, image = tmp_path / "x.csv", tmp_path / "a.png"
    file.write_text("question,answer,image\na,b,a.png\n")
    image.write_bytes(b"1")
    columns = {"question": "question", "answer": "answer", "images": "{image}"}
    config = HubDataset(name=str(file), columns=columns)
    before = config.content_version()
    image.write_bytes(b"2")
    assert config.content_version() != before
