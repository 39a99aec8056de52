import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
from PIL import Image

from rlsd_pipeline.data.images import fit_pixels
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.benchmark import Benchmark, Split
from rlsd_pipeline.evaluation.rows import load_benchmark, read_items
from tests.benchmark_fixtures import BENCHMARKS, LAYOUTS, picture, write_json, write_parquet

pytestmark = pytest.mark.usefixtures("datasets_cache")

BUDGET = 1_000_000
ZEROBENCH, MATHVISION = BENCHMARKS["zerobench"], BENCHMARKS["mathvision"]
SPLITS = [(name, split) for name in BENCHMARKS for split in BENCHMARKS[name].splits]


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows of MathVision, each changed by keywords; None removes a column."""

    def lines(*changes: dict[str, Any]) -> Path:
        row = {
            "id": "1",
            "question": "How many?",
            "options": [],
            "image": "1.png",
            "answer": "5",
            "solution": None,
            "level": 2,
            "subject": "counting",
        }
        (tmp_path / "1.png").write_bytes(picture(4))
        rows = ({k: v for k, v in (row | each).items() if v != "absent"} for each in changes)
        file = tmp_path / "test.jsonl"
        file.write_text("\n".join(json.dumps(row) for row in rows))
        return file

    return lines


def declared(benchmark: Benchmark, **settings: Any) -> Benchmark:
    return type(benchmark)(**{k: v for k, v in settings.items() if v is not None})


@pytest.mark.parametrize(("name", "split"), SPLITS)
def test_hub_layout_and_authors_files_give_the_same(name: str, split: str, tmp_path: Path) -> None:
    benchmark = BENCHMARKS[name]
    tables = write_parquet(name, tmp_path / "tables")
    files = write_json(name, tmp_path / "files").parent
    problems = load_benchmark(declared(benchmark, path=str(tables), split=split, max_pixels=BUDGET))
    assert problems
    assert {problem.split for problem in problems} == {split}
    assert (
        load_benchmark(declared(benchmark, path=str(files), split=split, max_pixels=BUDGET))
        == problems
    )
    for folder in (tables, files):
        bare = [problem.model_copy(update={"images": []}) for problem in problems]
        assert list(read_items(declared(benchmark, split=split), folder).values()) == bare


def test_images_in_the_order_of_their_columns(tmp_path: Path) -> None:
    folder = write_parquet("mmmu", tmp_path)
    problems = load_benchmark(
        declared(BENCHMARKS["mmmu"], path=str(folder), max_pixels=BUDGET, limit=2)
    )
    assert [problem.problem_id for problem in problems] == ["validation_Art_1", "validation_Art_2"]
    assert problems[1].images == [picture(101), picture(151)]
    assert problems[1].choices == ["<image 1>", "<image 2>"]


def test_list_of_images(tmp_path: Path) -> None:
    folder = write_parquet("zerobench", tmp_path)
    problems = load_benchmark(
        declared(ZEROBENCH, path=str(folder), split="main", max_pixels=BUDGET)
    )
    assert [problem.images for problem in problems] == [
        [picture(601), picture(602)],
        [picture(603)],
    ]


def test_images_of_a_row_share_its_pixels(tmp_path: Path) -> None:
    folder = write_parquet("zerobench", tmp_path)
    local = declared(ZEROBENCH, path=str(folder))
    problems = load_benchmark(local.model_copy(update={"max_pixels": 800}))
    sizes = [[Image.open(io.BytesIO(image)).size for image in each.images] for each in problems]
    # 64 x 48 is 3,072 pixels: 800 of them are 32.66 x 24.49, and 400 are 23.09 x 17.32.
    assert sizes == [[(32, 24)], [(23, 17), (23, 17)], [(32, 24)]]


@pytest.mark.parametrize("name", LAYOUTS)
def test_one_file_of_any_name(name: str, tmp_path: Path) -> None:
    file = write_json(name, tmp_path)
    split = {"zerobench": "main"}.get(name)
    whole = read_items(declared(BENCHMARKS[name], split=split), tmp_path)
    assert (
        read_items(
            declared(BENCHMARKS[name], split=split), file.rename(tmp_path / f"a{file.suffix}")
        )
        == whole
    )


def test_parquet_without_the_hubs_own_metadata(tmp_path: Path) -> None:
    folder = write_parquet("wemath", tmp_path)
    (file,) = folder.rglob("*.parquet")
    expected = load_benchmark(declared(BENCHMARKS["wemath"], path=str(file), max_pixels=BUDGET))
    pq.write_table(pq.read_table(file).replace_schema_metadata(None), file)
    found = load_benchmark(declared(BENCHMARKS["wemath"], path=str(file), max_pixels=BUDGET))
    assert found == expected
    assert list(read_items(BENCHMARKS["wemath"], file)) == [each.problem_id for each in found]


def test_key_of_a_json_object_is_the_id(tmp_path: Path) -> None:
    file = write_json("mathvista", tmp_path)
    rows = json.loads(file.read_text())
    expected = read_items(BENCHMARKS["mathvista"], file)
    file.write_text(json.dumps({key: row | {"pid": key} for key, row in rows.items()}))
    for row in rows.values():
        del row["pid"]
    file.write_text(json.dumps(rows))
    assert read_items(BENCHMARKS["mathvista"], file) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"options": "absent"},
            "there is no column 'options'; found: id, question, image, answer, solution, level, "
            f"subject; expected are the rows of {MATHVISION.hub_id} at revision "
            f"{MATHVISION.commit}",
        ),
        ({"options": "A"}, "column 'options' holds text, not list; expected are the rows of"),
        ({"answer": 0.5}, "column 'answer' holds number, not text; expected are the rows of"),
        ({"level": "high"}, "column 'level' holds text, not number; expected are the rows of"),
        (
            {"answer": None},
            "row 0: not a row of mathvision: answer: input should be a valid",
        ),
        ({"options": ["1", "2"]}, "row 0: MathVision question 1 has 2 options and the gold answer"),
    ],
)
def test_wrong_columns_and_rows(
    lines: Callable[..., Path], change: dict[str, Any], message: str
) -> None:
    file = lines(change)
    separator = " " if message.startswith("row") else ": "
    with pytest.raises(DataError) as error:
        read_items(MATHVISION, file)
    assert str(error.value).startswith(f"{file}{separator}{message}")


def test_column_of_several_kinds(lines: Callable[..., Path]) -> None:
    file = lines({}, {"id": "2", "answer": ["5"]})
    with pytest.raises(DataError, match="column 'answer' holds values of several kinds, not text"):
        read_items(MATHVISION, file)


def test_repeated_id(lines: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match=r"two rows have the id '1'"):
        read_items(MATHVISION, lines({}, {}))


def test_number_as_id(lines: Callable[..., Path]) -> None:
    assert list(read_items(MATHVISION, lines({"id": 17}))) == ["17"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": "absent"}, "there is no column 'decoded_image' with images; found: id, "),
        ({"image": None}, "row 0: there is no image in image"),
        ({"image": "2.png"}, "row 0, image: there is no such file"),
        ({"image": "../1.png"}, "row 0, image: '../1.png' must be a path relative to"),
        ({"image": 3}, "column 'image' holds integer, not images"),
    ],
)
def test_wrong_images(lines: Callable[..., Path], change: dict[str, Any], message: str) -> None:
    file = lines(change)
    with pytest.raises(DataError) as error:
        load_benchmark(declared(MATHVISION, path=str(file), max_pixels=BUDGET))
    assert str(error.value).startswith(f"{file}{' ' if message[0] == 'r' else ': '}{message}")
    assert len(read_items(MATHVISION, file)) == 1


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "{", "a.json: not JSON"),
        ("a.json", '{"1": 2}', "a.json: every row must be a JSON object"),
        ("a.json", "3", "a.json: every row must be a JSON object"),
        ("a.json", "[]", "a.json holds no rows"),
        ("a.jsonl", '{"id": 1}\n{', "a.jsonl line 2: not JSON"),
        ("a.json", "[" * 100_000, "a.json: not JSON that can be read (nested too deeply)"),
        ("a.parquet", "text", "a.parquet: cannot be read as rows ("),
        ("a.tsv", "text", "a.tsv: a file of rows must be one of .parquet, .json, .jsonl"),
    ],
)
def test_unreadable_files(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as error:
        read_items(MATHVISION, tmp_path / name)
    assert str(error.value).startswith(f"{tmp_path}/{message}")


def test_folder_without_the_split(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_items(MATHVISION, tmp_path)
    assert str(error.value).startswith(
        f"{tmp_path} holds no rows of mathvision: there is no test-*.parquet or test.parquet or "
    )


def test_rows_of_another_split(tmp_path: Path) -> None:
    folder = write_parquet("zerobench", tmp_path)
    (folder / "data").mkdir(exist_ok=True)
    [main] = folder.glob("**/zerobench-*.parquet")
    with pytest.raises(DataError, match="row 0: question 1 is of the split main, and subquestions"):
        read_items(declared(ZEROBENCH, split="subquestions"), main)


def test_unknown_split() -> None:
    with pytest.raises(ValueError, match=r"there is no split 'tset'; did you mean 'test'"):
        declared(MATHVISION, split="tset")


def hub_copy(name: str, folder: Path, *configs: str, **splits: int) -> Benchmark:
    """A benchmark whose hub is a folder with a card, as `datasets` reads it from the hub.

    The folder has the files of the first split, and a file that nobody may read.
    """
    write_parquet(name, folder)
    (folder / "other.parquet").write_bytes(b"not a table")
    benchmark = changed_class(small(name, **splits), hub_id=str(folder), configs=configs)
    split = next(iter(benchmark.splits.values())).hub_split
    card = "".join(
        f"- config_name: {config}\n  data_files:\n"
        f"  - split: {split}\n    path: {place}/{split}-*\n"
        f"  - split: other\n    path: other.parquet\n"
        for config, place in ({each: each for each in configs} or {"default": "data"}).items()
    )
    (folder / "README.md").write_text(f"---\nconfigs:\n{card}---\n")
    return benchmark


def small(name: str, **splits: int) -> Benchmark:
    of = BENCHMARKS[name].splits
    changed = {split: Split(of[split].hub_split, rows) for split, rows in splits.items()}
    return changed_class(BENCHMARKS[name], splits=changed)


def changed_class(benchmark: Benchmark, **said: Any) -> Benchmark:
    """A benchmark whose class differs in what is given."""
    changed = type("Changed", (type(benchmark),), said)
    return changed(name=benchmark.name, max_pixels=BUDGET)


def test_hub_configurations_are_one_benchmark(tmp_path: Path) -> None:
    benchmark = hub_copy("mmmu", tmp_path, "Art", "Math", "Physics", validation=12)
    problems = load_benchmark(declared(benchmark, max_pixels=BUDGET))
    local = load_benchmark(declared(BENCHMARKS["mmmu"], path=str(tmp_path), max_pixels=BUDGET))
    assert len(problems) == 12
    assert {each.problem_id for each in problems} == {each.problem_id for each in local}
    assert load_benchmark(declared(benchmark, max_pixels=BUDGET, limit=3)) == problems[:3]


def test_hub_with_another_number_of_rows(tmp_path: Path) -> None:
    benchmark = hub_copy("mathvision", tmp_path, test=7)
    with pytest.raises(DataError) as error:
        load_benchmark(declared(benchmark, max_pixels=BUDGET, revision="abc"))
    assert str(error.value) == (
        f"{tmp_path} has 6 rows in test at revision abc, and the benchmark has 7: use the "
        f"revision {MATHVISION.commit}"
    )


def test_hub_without_the_split(tmp_path: Path) -> None:
    benchmark = hub_copy("mathvision", tmp_path, test=6, testmini=3)
    with pytest.raises(DataError, match="testmini has no files of this split at revision main"):
        load_benchmark(declared(benchmark, split="testmini", max_pixels=BUDGET))


def test_hub_whose_rows_have_changed(tmp_path: Path) -> None:
    benchmark = hub_copy("mathvision", tmp_path, test=6)
    pinned = Split("test", 6, ("test-00000-of-00001-3532b8d3f1b4047a.parquet",))
    with pytest.raises(DataError, match="the rows have changed since this benchmark was defined"):
        load_benchmark(
            declared(changed_class(benchmark, splits={"test": pinned}), max_pixels=BUDGET)
        )


@pytest.mark.parametrize(
    ("benchmark", "error", "messages"),
    [
        (
            ZEROBENCH,
            datasets.exceptions.DatasetNotFoundError("it is a gated dataset on the Hub."),
            [ZEROBENCH.hub_id, ZEROBENCH.commit, "gated", str(ZEROBENCH.access)],
        ),
        (
            MATHVISION,
            datasets.exceptions.DatasetNotFoundError("it doesn't exist."),
            ["it doesn't exist. Give the `path` of a local copy"],
        ),
        (
            ZEROBENCH,
            ConnectionError("Couldn't reach it"),
            ["cannot be read from the hub", "Without a network, give the `path` of a local copy"],
        ),
    ],
)
def test_hub_that_cannot_be_read(
    benchmark: Benchmark, error: Exception, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(datasets, "load_dataset_builder", fail)
    with pytest.raises(DataError) as raised:
        load_benchmark(declared(benchmark, max_pixels=BUDGET))
    for message in messages:
        assert message in str(raised.value)


@pytest.mark.parametrize(
    ("size", "max_pixels", "expected"),
    [
        ((64, 48), 3072, (64, 48)),
        ((64, 48), 3071, (63, 47)),
        ((640, 480), 100 * 75, (100, 75)),
        ((2000, 1), 100, (100, 1)),
        ((1, 2000), 100, (1, 100)),
        ((3, 3), 1, (1, 1)),
    ],
)
def test_scaling_keeps_the_ratio(
    size: tuple[int, int], max_pixels: int, expected: tuple[int, int]
) -> None:
    data = picture(3, size)
    scaled = fit_pixels(data, max_pixels)
    assert Image.open(io.BytesIO(scaled)).size == expected
    assert (scaled == data) == (size == expected)
    assert fit_pixels(scaled, max_pixels) == scaled


def test_a_folder_reads_no_rows_from_elsewhere(lines: Callable[..., Path], tmp_path: Path) -> None:
    folder = tmp_path / "benchmark"
    folder.mkdir()
    (folder / "test.jsonl").symlink_to(lines({}))
    with pytest.raises(DataError, match=r"'test\.jsonl' leads out of .* through a link"):
        read_items(MATHVISION, folder)
    (folder / "test.jsonl").unlink()
    (folder / "test.jsonl").symlink_to("test.jsonl")
    with pytest.raises(DataError, match="holds no rows of mathvision"):
        read_items(MATHVISION, folder)
