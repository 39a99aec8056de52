"""Local data in every layout that `datasets` writes: the same problems, no file from elsewhere."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlsd_pipeline.data.hub import read_hub
from rlsd_pipeline.data.reading import read_problems
from rlsd_pipeline.data.sources.hub import HubDataset
from rlsd_pipeline.errors import DataError
from tests.png import square

pytestmark = pytest.mark.usefixtures("datasets_cache")

COLUMNS = {"question": "question", "answer": "answer", "images": "image", "problem_id": "name"}


def png(shade: int) -> bytes:
    return square((shade, 0, 0))


def pictures(folder: Path) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(4):
        (folder / f"{index}.png").write_bytes(png(index))
    return [f"{index}.png" for index in range(4)]


TEXT = {
    "question": [f"{index}?" for index in range(4)],
    "answer": ["007", "0.10", "None", "yes"],
    "name": ["a", "b", "c", "d"],
}


def with_images(folder: Path) -> datasets.Dataset:
    """A table whose images are files of another folder, as users make it."""
    files = [str(folder / name) for name in pictures(folder)]
    return datasets.Dataset.from_dict({**TEXT, "image": files}).cast_column(
        "image", datasets.Image()
    )


def saved_dataset(at: Path) -> str:
    with_images(at / "pictures").save_to_disk(at / "saved")
    return str(at / "saved")


def saved_dict(at: Path) -> str:
    table = with_images(at / "pictures")
    datasets.DatasetDict(train=table, test=table.select([0])).save_to_disk(at / "saved")
    return str(at / "saved")


def parquet_with_bytes(at: Path) -> str:
    images = [{"bytes": png(index), "path": f"{index}.png"} for index in range(4)]
    table = datasets.Dataset.from_dict({**TEXT, "image": images})
    table.cast_column("image", datasets.Image()).to_parquet(at / "set" / "train.parquet")
    return str(at / "set")


def parquet_with_plain_bytes(at: Path) -> str:
    images = [png(index) for index in range(4)]
    pq.write_table(pa.table({**TEXT, "image": images}), at / "train.parquet")
    return str(at / "train.parquet")


def parquet_with_base64(at: Path) -> str:
    images = [base64.b64encode(png(index)).decode() for index in range(4)]
    pq.write_table(pa.table({**TEXT, "image": images}), at / "train.parquet")
    return str(at / "train.parquet")


def parquet_with_paths(at: Path) -> str:
    pq.write_table(pa.table({**TEXT, "image": pictures(at)}), at / "train.parquet")
    return str(at / "train.parquet")


def parquet_of_files_in_the_folder(at: Path) -> str:
    """A column of images whose files are named as they are on this machine."""
    with_images(at / "set").to_parquet(at / "set" / "train.parquet")
    return str(at / "set" / "train.parquet")


def csv_file(at: Path) -> str:
    datasets.Dataset.from_dict({**TEXT, "image": pictures(at)}).to_csv(at / "train.csv")
    return str(at / "train.csv")


def csv_folder(at: Path) -> str:
    names = [f"pictures/{name}" for name in pictures(at / "set" / "pictures")]
    table = datasets.Dataset.from_dict({**TEXT, "image": names})
    table.to_csv(at / "set" / "train.csv")
    return str(at / "set")


def json_lines(at: Path) -> str:
    datasets.Dataset.from_dict({**TEXT, "image": pictures(at)}).to_json(at / "train.jsonl")
    return str(at / "train.jsonl")


def json_list(at: Path) -> str:
    rows = datasets.Dataset.from_dict({**TEXT, "image": pictures(at)}).to_list()
    (at / "train.json").write_text(json.dumps(rows))
    return str(at / "train.json")


def image_folder(at: Path) -> str:
    names = pictures(at / "set" / "train")
    rows = datasets.Dataset.from_dict({**TEXT, "file_name": names})
    rows.to_json(at / "set" / "train" / "metadata.jsonl")
    return str(at / "set")


LAYOUTS = [
    saved_dataset,
    saved_dict,
    parquet_with_bytes,
    parquet_with_plain_bytes,
    parquet_with_base64,
    parquet_with_paths,
    parquet_of_files_in_the_folder,
    csv_file,
    csv_folder,
    json_lines,
    json_list,
    image_folder,
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_problems(
    layout: Callable[[Path], str], tmp_path: Path
) -> None:
    problems = list(read_hub(layout(tmp_path), split="train", columns=COLUMNS))
    assert [p.question for p in problems] == TEXT["question"]
    # As they are written: no number was made of a name, and no absence of the word None.
    assert [p.answer for p in problems] == TEXT["answer"]
    assert [p.problem_id for p in problems] == TEXT["name"]
    assert [p.images for p in problems] == [[png(index)] for index in range(4)]


def test_images_that_lie_elsewhere_are_refused_with_a_way_out(tmp_path: Path) -> None:
    with_images(tmp_path / "pictures").to_parquet(tmp_path / "set" / "train.parquet")
    with pytest.raises(DataError, match=r"row 0, images\[0\]: .*copy the images into the folder"):
        list(read_hub(str(tmp_path / "set"), split="train", columns=COLUMNS))


@pytest.mark.parametrize("layout", [saved_dataset, saved_dict, csv_file, parquet_with_bytes])
def test_a_part_of_a_split(layout: Callable[[Path], str], tmp_path: Path) -> None:
    problems = read_hub(layout(tmp_path), split="train[1:3]", columns=COLUMNS)
    assert [problem.problem_id for problem in problems] == ["b", "c"]


def test_splits_of_what_was_saved(tmp_path: Path) -> None:
    folder = saved_dict(tmp_path)
    assert len(list(read_hub(folder, split="test", columns=COLUMNS))) == 1
    with pytest.raises(DataError, match=r'Unknown split "dev"\. Should be one of .*train'):
        read_hub(folder, split="dev", columns=COLUMNS)


def test_a_saved_table_knows_its_split(tmp_path: Path) -> None:
    loaded = datasets.load_dataset(parquet_with_bytes(tmp_path), split="train")
    loaded.save_to_disk(tmp_path / "saved")
    assert list(read_hub(str(tmp_path / "saved"), split="train", columns=COLUMNS))
    with pytest.raises(DataError, match='Unknown split "test"'):
        read_hub(str(tmp_path / "saved"), split="test", columns=COLUMNS)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    return Path(parquet_with_paths(tmp_path / "elsewhere"))


def refused(folder: Path) -> str:
    with pytest.raises(DataError) as error:
        read_hub(str(folder), split="train", columns=COLUMNS)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("named", ["../elsewhere/train.parquet", "{secret}", "../*/*.parquet"])
def test_a_card_names_no_file_outside(named: str, secret: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    name = named.format(secret=secret)
    (folder / "README.md").write_text(
        f"---\nconfigs:\n- config_name: default\n  data_files: '{name}'\n---\n"
    )
    found = refused(folder)
    assert found.startswith(f"{folder}: ")
    assert "must be a path relative to" in found or "leads out" in found


def test_a_card_may_name_a_file_within(tmp_path: Path) -> None:
    folder = Path(parquet_with_bytes(tmp_path))
    (folder / "deep").mkdir()
    (folder / "train.parquet").rename(folder / "deep" / "rows.parquet")
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: main\n  data_files: deep/rows.parquet\n---\n"
    )
    rows = read_hub(str(folder), config_name="main", split="train", columns=COLUMNS)
    assert len(list(rows)) == 4


def test_a_data_file_is_no_link_out_of_the_folder(secret: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "train.parquet").symlink_to(secret)
    assert "leads out of" in refused(folder)


def test_a_saved_table_reads_nothing_outside(tmp_path: Path) -> None:
    folder = Path(saved_dataset(tmp_path))
    (arrow,) = folder.glob("*.arrow")
    arrow.rename(tmp_path / arrow.name)
    arrow.symlink_to(tmp_path / arrow.name)
    assert "leads out of" in refused(folder)
    arrow.unlink()
    state = json.loads((folder / "state.json").read_text())
    state["_data_files"] = [{"filename": f"../{arrow.name}"}]
    (folder / "state.json").write_text(json.dumps(state))
    assert "must be a path relative to" in refused(folder)


@pytest.mark.parametrize("name", ["train.parquet", "state.json", "dataset_dict.json"])
def test_a_link_in_a_circle_is_one_message(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / name).symlink_to(name)
    assert str(folder) in refused(folder)


def test_a_folder_that_links_to_itself_is_no_trap(tmp_path: Path) -> None:
    folder = Path(parquet_with_bytes(tmp_path))
    (folder / "again").symlink_to(folder, target_is_directory=True)
    assert len(list(read_hub(str(folder), split="train", columns=COLUMNS))) == 4


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.parquet", b"no parquet"),
        ("train.json", b"{"),
        ("train.csv", b""),
        ("train.csv", b"question,answer\n\xff\xfe,1\n"),
        ("state.json", b"{}"),
        ("dataset_dict.json", b"[]"),
        ("script.py", b"raise SystemExit"),
        ("README.md", b"---\nconfigs: 7\n---\n"),
    ],
)
def test_damage_is_one_message(name: str, content: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / name).write_bytes(content)
    assert refused(folder).startswith(str(folder))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_one_message(tmp_path: Path) -> None:
    file = Path(parquet_with_paths(tmp_path))
    file.chmod(0)
    assert refused(file).startswith(str(file))


def test_one_table_is_not_learnt_from_and_evaluated_on(tmp_path: Path) -> None:
    """One file answers to every split, so both would be the same rows without a word."""
    declared = HubDataset(name=csv_file(tmp_path), test_split="test", columns=COLUMNS)
    with pytest.raises(DataError, match=r"^4 problems are in both `split: train` and `test_split:"):
        read_problems(declared)
    apart = declared.model_copy(update={"split": "train[:3]", "test_split": "train[3:]"})
    assert [problem.split for problem in read_problems(apart)] == ["train"] * 3 + ["test"]


def test_a_snapshot_of_the_hubs_client_is_read(tmp_path: Path) -> None:
    repository = tmp_path / "datasets--owner--name"
    (repository / "blobs").mkdir(parents=True)
    snapshot = repository / "snapshots" / "c0ffee"
    for layout in (csv_folder, parquet_with_bytes):
        for file in Path(layout(tmp_path / layout.__name__)).rglob("*.*"):
            name = Path(layout.__name__) / file.relative_to(tmp_path / layout.__name__ / "set")
            blob = repository / "blobs" / str(name).replace("/", "-").replace(".", "-")
            file.rename(blob)
            (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
            (snapshot / name).symlink_to(blob)
        rows = read_hub(str(snapshot / layout.__name__), split="train", columns=COLUMNS)
        assert [row.answer for row in rows] == TEXT["answer"]


def test_columns_of_several_types_keep_their_values(tmp_path: Path) -> None:
    """`datasets` keeps such a column as JSON, in which a word has quotes around it."""
    (tmp_path / "a.png").write_bytes(png(1))
    coded = base64.b64encode(png(1)).decode()
    images = ["a.png", ["a.png", coded], {"bytes": coded}, None]
    answers = ["yes", 7, 0.5, "None"]
    rows = [
        {"question": "?", "answer": answer, "name": str(index), "image": image, "more": [1, "a"]}
        for index, (answer, image) in enumerate(zip(answers, images, strict=True))
    ]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    columns = {**COLUMNS, "choices": "more"}
    problems = list(read_hub(str(tmp_path / "train.jsonl"), split="train", columns=columns))
    assert [problem.answer for problem in problems] == ["yes", "7", "0.5", "None"]
    assert [len(problem.images) for problem in problems] == [1, 2, 1, 0]
    assert {image for problem in problems for image in problem.images} == {png(1)}
    assert [problem.choices for problem in problems] == [["1", "a"]] * 4
